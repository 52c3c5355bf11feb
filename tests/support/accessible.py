#!/usr/bin/python3
"""Reads and uses Crow's window as a screen reader does, through AT-SPI.

  accessible.py enable       says on the session bus that there is a screen reader, for programs that start after it
  accessible.py nodes ROLE   the nodes of that role (`table row`, `column header`, `page tab`), from top to bottom, as
                             JSON: [{"name", "selected"}]
  accessible.py click NAME   does what a click on the first node of that name does

Needs python3-gi, python3-dbus, gir1.2-atspi-2.0 and at-spi2-core."""
import json
import sys

import dbus
import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402

STATUS = "org.a11y.Status"


def enable():
    bus = dbus.SessionBus().get_object("org.a11y.Bus", "/org/a11y/bus")
    properties = dbus.Interface(bus, "org.freedesktop.DBus.Properties")
    for name in ["IsEnabled", "ScreenReaderEnabled"]:
        properties.Set(STATUS, name, dbus.Boolean(True))


def walk(node):
    yield node
    for at in range(node.get_child_count()):
        child = node.get_child_at_index(at)
        if child is not None:
            yield from walk(child)


def nodes():
    """Of all programs of this session: there are no others than Crow."""
    desktop = Atspi.get_desktop(0)
    for at in range(desktop.get_child_count()):
        program = desktop.get_child_at_index(at)
        if program is not None:
            yield from walk(program)


def described(role):
    # Older versions of AT-SPI call a button a push button.
    roles = {role, f"push {role}"}
    found = [node for node in nodes() if node.get_role_name() in roles]
    found.sort(key=lambda node: node.get_extents(Atspi.CoordType.WINDOW).y)
    return [{"name": node.get_name(), "selected": is_selected(node)} for node in found]


def is_selected(node):
    """The toolkit says of whatever is chosen that it is switched on."""
    states = node.get_state_set()
    chosen = [Atspi.StateType.SELECTED, Atspi.StateType.CHECKED, Atspi.StateType.PRESSED]
    return any(states.contains(state) for state in chosen)


def click(name):
    for node in nodes():
        if node.get_name() == name:
            # A control's first action is the one that a click does.
            return node.get_n_actions() > 0 and node.do_action(0)
    return False


def main():
    command, *words = sys.argv[1:]
    if command == "enable":
        enable()
    elif command == "nodes":
        print(json.dumps(described(words[0])))
    elif not click(words[0]):
        sys.exit(f"nothing called {words[0]!r} can be clicked")


main()
