#!/usr/bin/env python3
"""Writes the command's man page from its own help.

    probe-layers --experimental-dump-help | scripts/man-page.py VERSION > probe-layers.1
"""
import json
import re
import sys


def escaped(text):
    """Text as roff takes it: no escapes, no requests at a line's beginning, hyphens that can be copied."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.MULTILINE)


def named(name):
    dashes = "--" if name["kind"] == "long" else "-"
    return f"{dashes}{name['name']}"


def title(argument):
    """`\\fB-o\\fR, \\fB--output\\fR \\fIoutput\\fR`"""
    value = f"\\fI{escaped(argument['valueName'])}\\fR"
    if argument["kind"] == "positional":
        return value
    names = ", ".join(f"\\fB{escaped(named(name))}\\fR" for name in argument["names"])
    return names if argument["kind"] == "flag" else f"{names} {value}"


def shown(command):
    """Its arguments but for those that every command has."""
    return [
        argument
        for argument in command.get("arguments", [])
        if argument["shouldDisplay"] and argument["valueName"] not in ("help", "version")
    ]


def synopsis(path, command):
    parts = [f"\\fB{escaped(path)}\\fR"]
    arguments = shown(command)
    if any(argument["kind"] != "positional" for argument in arguments):
        parts.append("[\\fIoptions\\fR]")
    for argument in arguments:
        if argument["kind"] == "positional":
            word = f"\\fI{escaped(argument['valueName'])}\\fR" + ("..." if argument["isRepeating"] else "")
            parts.append(f"[{word}]" if argument["isOptional"] else word)
    return " ".join(parts)


def prose(text):
    """Paragraphs, and as they stand the lines under a heading in capitals (EXAMPLES, EXIT STATUS)."""
    lines = []
    for block in text.strip("\n").split("\n\n"):
        heading, _, rest = block.partition("\n")
        if rest and re.fullmatch(r"[A-Z ]+", heading):
            indented = [line for line in rest.split("\n")]
            lines += [".PP", f"\\fB{heading.capitalize()}\\fR", ".PP", ".nf"]
            lines += [escaped(line) for line in indented] + [".fi"]
        else:
            lines += [".PP", escaped(block)]
    return lines


def options(command):
    lines = []
    for argument in shown(command):
        text = " ".join(filter(None, [argument.get("abstract"), argument.get("discussion")]))
        default = argument.get("defaultValue")
        if default and argument["kind"] == "option":
            text += f" (default: {default})"
        lines += [".TP", title(argument), escaped(text)]
    return lines


def commands(path, command):
    """Every command below this one that does something, in order."""
    for child in command.get("subcommands", []):
        if not child["shouldDisplay"] or child["commandName"] == "help":
            continue
        below = f"{path} {child['commandName']}"
        if not child.get("subcommands"):
            yield below, child
        yield from commands(below, child)


def page(root, version):
    name = root["commandName"]
    every = list(commands(name, root))
    lines = [
        f'.TH {name.upper()} 1 "" "Strata {version}" "User Commands"',
        ".SH NAME",
        f"{escaped(name)} \\- {escaped(root['abstract'])}",
        ".SH SYNOPSIS",
    ]
    for path, command in every:
        lines += [synopsis(path, command), ".br"]
    lines[-1:] = [".SH DESCRIPTION"]
    default = root.get("defaultSubcommand")
    if default:
        lines.append(escaped(f"Where no command is named, it is {default}."))
    lines += prose(root.get("discussion", ""))
    lines += [".SH COMMANDS"]
    for path, command in every:
        lines += [f'.SS "{escaped(path)}"', escaped(command["abstract"])]
        lines += prose(command["discussion"]) if command.get("discussion") else []
        lines += options(command)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(page(json.load(sys.stdin)["command"], sys.argv[1]))
