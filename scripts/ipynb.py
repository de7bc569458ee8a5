#!/usr/bin/env python3
"""Makes a Jupyter notebook of a walk-through in Markdown, and runs it.

    scripts/ipynb.py notebooks-md/01-first-study.md OUT.ipynb [--run FOLDER]

Blocks marked `sh` become cells that bash runs (%%bash), `python` blocks cells of Python; the `text` block that shows what a
command prints is left out, as the cell prints it itself. With --run the notebook is executed in FOLDER, where `fixtures` and
`probes` must lie, with `probe-layers` on the PATH; a cell that fails ends it with status 1. Needs nbformat and nbclient,
which scripts/test-python.sh has in an environment of its own.
"""
import argparse
import pathlib
import re
import sys

import nbformat


def cells(markdown):
    """The cells of a page: text as it stands, and its code."""
    text = re.sub(r"<!--.*?-->\n?", "", markdown, flags=re.DOTALL)
    prose = []
    for part in re.split(r"(^```.*?^```\n?)", text, flags=re.DOTALL | re.MULTILINE):
        block = re.fullmatch(r"```(\w*)\n(.*?)```\n?", part, flags=re.DOTALL)
        kind = block[1] if block else None
        if kind == "text":
            continue
        if kind not in ("sh", "python"):
            prose.append(part)
            continue
        yield from flushed(prose)
        prose = []
        code = block[2].rstrip("\n")
        yield nbformat.v4.new_code_cell("%%bash\n" + code if kind == "sh" else code)
    yield from flushed(prose)


def flushed(prose):
    text = "".join(prose).strip("\n")
    if text.strip():
        yield nbformat.v4.new_markdown_cell(text)


def notebook(markdown):
    made = nbformat.v4.new_notebook(cells=list(cells(markdown)))
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    # The same page gives the same file.
    for number, cell in enumerate(made.cells):
        cell.id = f"cell-{number + 1}"
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--run", type=pathlib.Path, metavar="FOLDER")
    options = parser.parse_args()
    made = notebook(options.page.read_text(encoding="utf-8"))
    status = 0
    if options.run:
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError

        client = NotebookClient(made, timeout=3600, resources={"metadata": {"path": str(options.run)}})
        try:
            client.execute()
        except CellExecutionError as error:
            print(f"error: {options.page}: {error}", file=sys.stderr)
            status = 1
        for cell in made.cells:
            cell.metadata.pop("execution", None)
    nbformat.validate(made)
    options.output.write_text(nbformat.writes(made) + "\n", encoding="utf-8")
    print(f"Wrote {options.output}: {sum(cell.cell_type == 'code' for cell in made.cells)} cells of code")
    return status


if __name__ == "__main__":
    sys.exit(main())
