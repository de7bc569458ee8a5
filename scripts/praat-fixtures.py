"""Writes Tests/CorporaTests/Resources/praat: one TextGrid and a Collection in each of Praat's forms, by Praat itself.

    python -m venv v && v/bin/pip install praat-parselmouth==0.4.7 && v/bin/python scripts/praat-fixtures.py OUT
"""
import sys

from parselmouth.praat import call

out = sys.argv[1]
grid = call("Create TextGrid", 0, 1.5, "words phones tones", "tones")
for tier, times in [(1, (0.5, 1.0)), (2, (0.5, 0.75, 1.0, 1.25))]:
    for time in times:
        call(grid, "Insert boundary", tier, time)
for tier, number, label in [(1, 2, "schön"), (1, 3, "day"), (2, 2, "ʃ"), (2, 3, "øː"), (2, 4, "d"), (2, 5, "\\ae")]:
    call(grid, "Set interval text", tier, number, label)
call(grid, "Insert point", 3, 0.7, "H*")
other = call("Create TextGrid", 0, 1, "words", "")
call(other, "Set interval text", 1, 1, "night")
call(grid, "Save as binary file", out + "/binary.TextGrid")
call(grid, "Save as text file", out + "/same.TextGrid")
call([grid, other], "Save as text file", out + "/two.Collection")
call([grid, other], "Save as short text file", out + "/two-short.Collection")
call([grid, other], "Save as binary file", out + "/two-binary.Collection")
