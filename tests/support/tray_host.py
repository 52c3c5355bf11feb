#!/usr/bin/python3
"""A tray without a desktop: owns org.kde.StatusNotifierWatcher on the session bus and does what a panel would.

Reads one command a line and answers each with one line of JSON:
  item            the registered item's properties ({} until there is one)
  menu            its menu: [{"id", "label", "enabled", "toggle"}]
  activate        a left click on the item
  click LABEL     a click on a menu line
  host off|on     whether a panel has registered
Needs python3-dbus and python3-gi of the system's Python."""
import json
import sys

import dbus
import dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
PROPERTIES = "org.freedesktop.DBus.Properties"


class Watcher(dbus.service.Object):
    """The part of the StatusNotifierWatcher interface that items and their toolkits use."""

    def __init__(self, bus):
        self.bus = bus
        self.item = None
        self.host = True
        self.owner = dbus.service.BusName(WATCHER, bus)
        super().__init__(bus, "/StatusNotifierWatcher")

    @dbus.service.method(WATCHER, in_signature="s", sender_keyword="sender")
    def RegisterStatusNotifierItem(self, service, sender=None):
        # Either a bus name, or a path on the bus name of whoever calls.
        self.item = (sender, service) if service.startswith("/") else (service, "/StatusNotifierItem")
        self.StatusNotifierItemRegistered(service)

    @dbus.service.method(WATCHER, in_signature="s")
    def RegisterStatusNotifierHost(self, _service):
        self.host = True

    @dbus.service.signal(WATCHER, signature="s")
    def StatusNotifierItemRegistered(self, _service):
        pass

    @dbus.service.method(PROPERTIES, in_signature="ss", out_signature="v")
    def Get(self, _interface, name):
        return self.GetAll(_interface)[name]

    @dbus.service.method(PROPERTIES, in_signature="s", out_signature="a{sv}")
    def GetAll(self, _interface):
        return {
            "IsStatusNotifierHostRegistered": self.host,
            "ProtocolVersion": dbus.Int32(0),
            "RegisteredStatusNotifierItems": dbus.Array([], signature="s"),
        }

    def remote(self, interface, path=None):
        name, item_path = self.item
        return dbus.Interface(self.bus.get_object(name, path or item_path), interface)

    def properties(self):
        plain = {}
        for name, value in self.remote(PROPERTIES).GetAll(ITEM).items():
            if name.endswith("Pixmap"):
                plain[name] = [[int(width), int(height), len(pixels)] for width, height, pixels in value]
            elif name == "ToolTip":
                plain[name] = [str(value[2]), str(value[3])]
            else:
                plain[name] = str(value)
        return plain

    def menu(self):
        path = str(self.remote(PROPERTIES).Get(ITEM, "Menu"))
        menu = self.remote(MENU, path)
        _revision, (_root, _own, lines) = menu.GetLayout(0, -1, [])
        return menu, [
            {
                "id": int(line[0]),
                "label": str(line[1].get("label", "")).replace("__", "_"),
                "enabled": bool(line[1].get("enabled", True)),
                "toggle": int(line[1].get("toggle-state", -1)),
            }
            for line in lines
            if line[1].get("type", "standard") != "separator"
        ]

    def answer(self, command, argument):
        if command == "host":
            self.host = argument == "on"
            return {}
        if self.item is None:
            return {}
        if command == "item":
            return self.properties()
        if command == "menu":
            return self.menu()[1]
        if command == "activate":
            self.remote(ITEM).Activate(10, 10)
            return {}
        if command == "click":
            menu, lines = self.menu()
            line = next(line for line in lines if line["label"] == argument)
            menu.Event(line["id"], "clicked", dbus.String(""), dbus.UInt32(0))
            return {}
        raise ValueError(command)


def main():
    DBusGMainLoop(set_as_default=True)
    watcher = Watcher(dbus.SessionBus())
    loop = GLib.MainLoop()

    def say(value):
        print(json.dumps(value), flush=True)

    def heard(source, _condition):
        line = source.readline()
        if not line:
            loop.quit()
            return False
        command, _, argument = line.strip().partition(" ")
        try:
            say(watcher.answer(command, argument))
        except Exception as error:  # the test shows it
            say({"error": repr(error)})
        return True

    GLib.io_add_watch(sys.stdin, GLib.IO_IN | GLib.IO_HUP, heard)
    say({"ready": True})
    loop.run()


main()
