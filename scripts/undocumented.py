#!/usr/bin/env python3
"""Lists the public declarations that have no docstring, by module, and fails where there are any.

    scripts/undocumented.py [--counts] [MODULE…]     (default: every module in Sources)

A declaration counts where it and all that encloses it are public; the requirements of a public protocol count too.
Left out, because a docstring could only say the name again or what is said elsewhere:

- enum cases: the enum says what they are, and those of an error have their words in its description;
- what a protocol asks for, and its default: the protocol says it, in this package or in Swift's library;
- initialisers that only set the stored properties they are named after: the properties say it;
- what the compiler would write itself (==, hash, encode, CodingKeys and so on).
"""

import pathlib
import re
import sys

SOURCES = pathlib.Path(__file__).resolve().parent.parent / "Sources"

ATTRIBUTE = r"(?:@\w+(?:\([^)]*\))?\s+)"
MODIFIER = (
    r"(?:(?:public|package|internal|fileprivate|private|open|static|final|class|mutating|nonmutating|override|required|"
    r"convenience|lazy|weak|unowned|indirect|nonisolated|prefix|postfix|infix|private\(set\)|fileprivate\(set\)|"
    r"internal\(set\)|package\(set\)|nonisolated\(unsafe\)|unowned\(unsafe\))\s+)"
)
DECLARATION = re.compile(
    rf"^\s*({ATTRIBUTE}*)({MODIFIER}*)(actor|class|struct|enum|protocol|extension|func|var|let|init|subscript|typealias|"
    r"associatedtype|case|deinit)\b[?!]?\s*(.*)$"
)
TYPES = {"actor", "class", "struct", "enum", "protocol", "extension"}
# What the compiler makes, or says for itself.
GIVEN = {
    "==", "<", "hash", "hashValue", "encode", "init(from:)", "description", "debugDescription", "errorDescription",
    "CodingKeys", "allCases", "rawValue", "init(rawValue:)",
}  # fmt: skip
# What Swift's own protocols ask for.
LIBRARY = {
    "Identifiable": {"id"},
    "IteratorProtocol": {"next", "Element"},
    "Sequence": {"makeIterator", "Iterator", "Element"},
    "Collection": {"startIndex", "endIndex", "index", "subscript(position:)", "subscript(_:)", "Index", "Element"},
    "CodingKey": {"stringValue", "intValue", "init(stringValue:)", "init(intValue:)"},
    "RandomNumberGenerator": {"next"},
}


def stripped(text):
    """The text with strings and comments blanked, line by line the same."""
    out, at, depth = [], 0, 0
    pattern = re.compile(r'//[^\n]*|/\*|\*/|(#*)"""|(#*)"|(?<![\w)\]}])(#?)/(?=[^\s/*])|\n')
    while at < len(text):
        found = pattern.search(text, at)
        if not found:
            out.append(text[at:])
            break
        token = found.group()
        out.append(text[at : found.start()])
        at = found.end()
        if token == "\n":
            out.append("\n")
        elif token.startswith("//"):
            out.append("//" if not token.startswith("///") else "///")
        elif token == "/*":
            end = text.find("*/", at)
            at = len(text) if end < 0 else end + 2
            out.append("\n" * text.count("\n", found.start(), at))
        elif token.endswith('"'):
            start = found.start()
            at = string_end(text, at, token)
            out.append('""' + "\n" * text.count("\n", start, at))
        elif token.endswith("/"):
            end = re.compile(r"(?:\\.|\[(?:\\.|[^\]\n])*\]|[^/\\\n\[])*/" + token[:-1]).match(text, at)
            if end:
                at = end.end()
            out.append('""' if end else token)
    return "".join(out)


def string_end(text, at, opening):
    """Where the string literal that `opening` begins is over; interpolations are passed over with what is quoted there."""
    hashes, quotes = opening.rstrip('"'), '"' * opening.count('"')
    escape = "\\" + hashes
    while at < len(text):
        if text.startswith(quotes + hashes, at):
            return at + len(quotes) + len(hashes)
        if text.startswith(escape + "(", at):
            at, open_ = at + len(escape) + 1, 1
            while at < len(text) and open_:
                inner = re.match(r'#*"""|#*"', text[at : at + 8])
                if inner:
                    at = string_end(text, at + inner.end(), inner.group())
                    continue
                open_ += {"(": 1, ")": -1}.get(text[at], 0)
                at += 1
        elif text.startswith(escape, at):
            at += len(escape) + 1
        else:
            at += 1
    return at


class Declaration:
    def __init__(self, file, line, kind, name, rest, documented, parents, access):
        self.file, self.line, self.kind, self.name, self.rest = file, line, kind, name, rest
        self.documented, self.parents, self.access = documented, parents, access
        self.source = ""

    @property
    def owner(self):
        """The type it belongs to, without the types around that."""
        return self.parents[-1].name.split(".")[-1] if self.parents else ""

    @property
    def key(self):
        return self.name + labels(self.rest) if self.kind in ("init", "subscript") else self.name


def labels(rest):
    """`(a:b:)` of a parameter list."""
    inside, depth, parts, part = "", 0, [], ""
    if not rest.startswith(("(", "<")):
        return ""
    start = rest.find("(")
    for character in rest[start:]:
        if character in "([{<":
            depth += 1
            if depth == 1:
                continue
        if character in ")]}>":
            depth -= 1
            if depth == 0:
                break
        if character == "," and depth == 1:
            parts.append(part)
            part = ""
        else:
            part += character
    if part.strip():
        parts.append(part)
    names = [re.sub(r"@\w+\s+", "", one).strip().split(":")[0].split() for one in parts]
    return "(" + "".join((one[0] if one else "_") + ":" for one in names) + ")"


def declarations(file):
    """All of a file, with what encloses each."""
    text = file.read_text()
    lines, clean = text.split("\n"), stripped(text).split("\n")
    scopes, found, pending, depth = [], [], None, 0
    number = 0
    while number < len(clean):
        line = clean[number]
        match = DECLARATION.match(line)
        # Inside bodies of functions nothing is public.
        in_type = not scopes or scopes[-1][1] is not None
        if match and in_type and depth == len(scopes) and not re.match(r"^\s*case\b.*:\s*$", line):
            attributes, modifiers, kind, rest = match.groups()
            if kind == "class" and re.match(r"(func|var|let|subscript)\b", rest):
                kind, rest = rest.split(None, 1)
            # A signature goes on until its parentheses are closed.
            whole, upto = rest, number
            while whole.count("(") > whole.count(")") and upto + 1 < len(clean):
                upto += 1
                whole += " " + clean[upto].strip()
            name = kind
            if kind not in ("init", "subscript", "deinit"):
                first = re.match(r"[\w.`]+|[^\s\w(]+|", rest).group()
                name, whole = first.strip("`"), whole[len(first) :]
            documented = False
            above = number - 1
            while above >= 0 and re.match(r"^\s*(@\w+(\(.*\))?\s*)+$", lines[above]):
                above -= 1
            documented = above >= 0 and lines[above].lstrip().startswith("///")
            words = set(modifiers.split())
            access = next((one for one in ("open", "public", "package", "private", "fileprivate") if one in words), "")
            one = Declaration(file, number + 1, kind, name, whole, documented, [s[1] for s in scopes if s[1]], access)
            one.source = line.strip()
            found.append(one)
            if kind in TYPES:
                pending = one
        for character in line:
            if character == "{":
                scopes.append((depth, pending))
                pending = None
                depth += 1
            elif character == "}" and scopes:
                scopes.pop()
                depth -= 1
        number += 1
    return found


def is_public(one):
    """Whether it can be seen from another module, as far as its file tells."""
    if one.kind in ("extension", "case", "deinit", "associatedtype"):
        return False
    owner = one.parents[-1] if one.parents else None
    by_owner = owner is not None and (
        owner.kind == "protocol" or (owner.kind == "extension" and owner.access == "public")
    )
    if one.access not in ("public", "open") and not (by_owner and not one.access):
        return False
    return all(parent.kind == "extension" or parent.access in ("public", "open") for parent in one.parents)


def conformances(declared):
    """What each type says it is, in its declaration and its extensions."""
    kinds = {}
    for one in declared:
        if one.kind not in TYPES:
            continue
        head = re.split(r"\{|\bwhere\b", one.rest)[0]
        if ":" in head:
            names = re.findall(r"[\w.]+", re.sub(r"^\s*<[^>]*>", "", head).split(":", 1)[-1])
            kinds.setdefault(one.name.split(".")[-1], set()).update(name.split(".")[-1] for name in names)
    return kinds


def main():
    arguments = sys.argv[1:]
    counts = "--counts" in arguments
    modules = [one for one in arguments if not one.startswith("-")]
    if any(not (SOURCES / one).is_dir() for one in modules):
        sys.exit(f"error: there is no such module: {', '.join(one for one in modules if not (SOURCES / one).is_dir())}")
    everything = [one for file in sorted(SOURCES.rglob("*.swift")) for one in declarations(file)]
    kinds = conformances(everything)
    required = {name: set(keys) for name, keys in LIBRARY.items()}
    for one in everything:
        owner = one.parents[-1] if one.parents else None
        if owner is not None and owner.kind == "protocol":
            required.setdefault(owner.name, set()).add(one.key)
        elif one.kind == "associatedtype":
            required.setdefault(owner.name, set()).add(one.name)

    def asked(name, seen=()):
        """What a type has to have, by all that it says it is."""
        out = set()
        for kind in kinds.get(name, ()):
            if kind not in seen:
                out |= required.get(kind, set()) | asked(kind, (*seen, kind))
        return out

    stored = {}
    for one in everything:
        if one.kind in ("var", "let") and one.parents and "{" not in one.rest.split("=")[0]:
            names = re.findall(r"(?:^|,\s*)`?(\w+)`?(?=\s*[:,=]|$)", one.name + one.rest.split("=")[0])
            stored.setdefault(one.owner, set()).update(names)

    missing, total = {}, {}
    for one in everything:
        module = one.file.relative_to(SOURCES).parts[0]
        if not is_public(one) or (modules and module not in modules):
            continue
        total[module] = total.get(module, 0) + 1
        if one.documented or one.key in GIVEN or one.name in GIVEN:
            continue
        owner = one.parents[-1] if one.parents else None
        if owner is not None and owner.kind != "protocol":
            if one.key in asked(one.owner) or (owner.kind == "extension" and one.key in required.get(one.owner, ())):
                continue
        if one.kind == "init" and one.key.startswith("init("):
            parameters = one.key[5:-1].rstrip(":").split(":")
            if set(parameters) - {""} <= stored.get(one.owner, set()):
                continue
        missing.setdefault(module, []).append(one)
    for module in sorted(total):
        if not counts:
            for one in missing.get(module, []):
                print(f"{one.file.relative_to(SOURCES.parent)}:{one.line}: {one.source}")
    for module in sorted(total):
        if counts:
            print(f"{module:15} {len(missing.get(module, [])):5} of {total[module]:5}")
    absent = sum(map(len, missing.values()))
    print(f"{absent} of {sum(total.values())} public declarations have no docstring.", file=sys.stderr)
    sys.exit(1 if absent else 0)


if __name__ == "__main__":
    main()
