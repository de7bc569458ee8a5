#!/usr/bin/env bash
# Makes the audio files that Tests/AudioTests reads to the end or refuses by name; needs ffmpeg, sox and lame.
set -euo pipefail
cd "$(dirname "$0")/../Tests/AudioTests/Resources"
whole=mono_float.wav
mkdir -p kinds
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

convert() { ffmpeg -loglevel error -nostdin -y -bitexact -i "$@"; }

# 0.6 s for MPEG, whose encoders need some frames; 0.1 s for everything else.
convert "$whole" -c:a pcm_s16le "$work/whole.wav"
convert "$whole" -t 0.1 -c:a pcm_s16le "$work/short.wav"

convert "$work/whole.wav" -write_xing 0 -b:a 32k kinds/untagged_constant.mp3
convert "$work/whole.wav" -write_xing 0 -q:a 4 kinds/untagged_variable.mp3
lame --quiet -b 64 "$work/whole.wav" kinds/tagged.mp3
convert "$work/whole.wav" -b:a 32k kinds/layer2.mp2

# Into pipes: the writer cannot go back to fill in lengths.
cat "$work/short.wav" | ffmpeg -loglevel error -bitexact -i - -f wav - | cat >kinds/pipe_ffmpeg.wav
cat "$work/short.wav" | ffmpeg -loglevel error -bitexact -i - -f aiff - | cat >kinds/pipe_ffmpeg.aiff
cat "$work/short.wav" | ffmpeg -loglevel error -bitexact -i - -f caf - | cat >kinds/pipe_ffmpeg.caf
cat "$work/short.wav" | ffmpeg -loglevel error -bitexact -i - -f w64 - | cat >kinds/pipe_ffmpeg.w64
cat "$work/short.wav" | ffmpeg -loglevel error -bitexact -i - -f flac - | cat >kinds/pipe_ffmpeg.flac
cat "$work/short.wav" | sox -t wav - -t aiff - 2>/dev/null | cat >kinds/pipe_sox.aiff
sox --ignore-length "$work/short.wav" -t wav - 2>/dev/null | cat >kinds/pipe_sox.wav

convert "$work/short.wav" -rf64 always kinds/plain.rf64.wav
convert "$work/short.wav" -f w64 kinds/plain.w64
convert "$work/short.wav" -f caf kinds/plain.caf
convert "$work/short.wav" kinds/plain.au
convert "$work/short.wav" -c:a libopus kinds/plain.opus

# Kinds that are refused by name.
convert "$work/short.wav" -c:a aac -b:a 24k kinds/foreign.m4a
convert "$work/short.wav" -c:a aac -b:a 24k kinds/foreign.aac
convert "$work/short.wav" -c:a libopus -b:a 16k kinds/foreign.webm
convert "$work/short.wav" -c:a libopus -b:a 16k kinds/foreign.mka
convert "$work/short.wav" -c:a wmav2 -b:a 24k kinds/foreign.wma
convert "$work/short.wav" -c:a wavpack kinds/foreign.wv
convert "$work/short.wav" -c:a tta kinds/foreign.tta
