#!/usr/bin/env python3
"""Makes the manual as a static site: scripts/docs.sh calls it.

    scripts/manual.py FOLDER

Every page of README, docs/ and notebooks-md/ becomes an HTML file beside the same pages; links between them lead to the
HTML files, links to other files of the repository to copies of these. A link or a heading that is not there ends it with
status 1 and the page's name.
"""
import html
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent); }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.55 system-ui, sans-serif; display: grid; grid-template-columns: 15rem minmax(0, 48rem); }
nav { padding: 1.5rem 1rem; border-right: 1px solid var(--line); min-height: 100vh; font-size: .9rem; }
nav p { margin: 1rem 0 .3rem; font-weight: 600; } nav a { display: block; padding: .1rem 0; }
nav a[aria-current] { font-weight: 600; color: inherit; text-decoration: none; }
main { padding: 1rem 2rem 4rem; }
pre, table { overflow-x: auto; display: block; } pre { padding: .7rem 1rem; border: 1px solid var(--line); border-radius: 4px; }
code { font-size: .87em; } table { border-collapse: collapse; } td, th { padding: .25rem .6rem; border-bottom: 1px solid var(--line);
text-align: left; vertical-align: top; } a { color: light-dark(#0b57a4, #86b7f0); }
@media (max-width: 50rem) { body { display: block; } nav { min-height: 0; border: 0; } }
"""


def pages():
    """(section, source) of every page in their order."""
    yield "", ROOT / "README.md"
    for section, folder in (("Reference", "docs"), ("Walk-throughs", "notebooks-md")):
        for source in sorted((ROOT / folder).glob("*.md")):
            yield section, source


def name_of(source):
    return "index.html" if source == ROOT / "README.md" else source.stem.lower() + ".html"


def title_of(source):
    return next(line[2:].strip() for line in source.read_text().splitlines() if line.startswith("# "))


def converted(source):
    command = ["pandoc", "--from", "gfm", "--to", "html5", "--no-highlight", str(source)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Site:
    def __init__(self, folder):
        self.folder = folder
        self.pages = list(pages())
        self.names = {source: name_of(source) for _, source in self.pages}
        self.bodies = {source: converted(source) for source in self.names}
        self.headings = {source: set(re.findall(r' id="([^"]+)"', body)) for source, body in self.bodies.items()}
        self.faults = []

    def link(self, source, address):
        """Where a link of the source leads on the site; None where it leads nowhere that can be opened."""
        address = html.unescape(address)
        if re.match(r"[a-z]+:", address):
            return address
        path, _, heading = address.partition("#")
        target = (source.parent / path).resolve() if path else source
        if target in self.names:
            if heading and heading not in self.headings[target]:
                self.faults.append(f"{source.relative_to(ROOT)}: {address}: there is no such heading")
            return self.names[target] + (f"#{heading}" if heading else "")
        if not target.exists() or ROOT not in target.parents:
            self.faults.append(f"{source.relative_to(ROOT)}: {address}: there is no such file")
            return None
        if target.is_dir():
            return None
        copy = self.folder / "files" / target.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(target, copy)
        return os.path.relpath(copy, self.folder)

    def page(self, source):
        def anchor(match):
            address = self.link(source, match[1])
            words = match[2]
            return words if address is None else f'<a href="{html.escape(address)}">{words}</a>'

        body = re.sub(r'<a\s+href="([^"]*)"[^>]*>(.*?)</a>', anchor, self.bodies[source], flags=re.DOTALL)
        title = html.escape(title_of(source))
        return (
            f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
            f'<meta name="viewport" content="width=device-width">\n<title>{title}</title>\n<style>{STYLE}</style>\n'
            f"<nav>{self.navigation(source)}</nav>\n<main>\n{body}</main>\n</html>\n")

    def navigation(self, current):
        lines, section = [], ""
        for own, source in self.pages:
            if own != section:
                lines.append(f"<p>{own}</p>")
                section = own
            mark = ' aria-current="page"' if source == current else ""
            lines.append(f'<a href="{self.names[source]}"{mark}>{html.escape(title_of(source))}</a>')
        return "\n".join(lines)

    def write(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        for source, name in self.names.items():
            (self.folder / name).write_text(self.page(source), encoding="utf-8")


def main(folder):
    site = Site(pathlib.Path(folder).resolve())
    site.write()
    for fault in site.faults:
        print(f"error: {fault}", file=sys.stderr)
    print(f"Wrote {folder}/index.html: {len(site.names)} pages")
    return 1 if site.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
