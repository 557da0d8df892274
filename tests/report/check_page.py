#!/usr/bin/env python3
"""Checks pages of umbel report and umbel inspect --html with the parser of Python's library.

check_page.py PAGE SECTION...: every tag is closed, nothing points outside, the sections are there in this order, numbers
of drawings are numbers, pictures are pictures. Importable: Page(path) with `.text`, `.titles`, `.sections`.
"""
import base64
import io
import re
import sys
from html.parser import HTMLParser

from PIL import Image

VOID = {"meta", "link", "img", "br", "input"}  # elements without an end
NUMBERS = {"x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height", "points", "transform", "viewbox",
           "fill-opacity", "data-x", "data-y"}


class Page(HTMLParser):
    def __init__(self, path):
        super().__init__(convert_charrefs=True)
        self.open, self.sections, self.titles, self.pictures, self.mistakes, self.text = [], [], [], 0, [], ""
        with open(path, encoding="utf-8") as file:
            self.source = file.read()
        assert self.source.startswith("<!DOCTYPE html>\n")
        self.feed(self.source)
        self.close()
        self.mistakes += [f"<{tag}> is not closed" for tag in self.open]
        bare = re.sub(r'src="data:[^"]*"', "", self.source)
        self.mistakes += [f"points outside: {found}" for found in re.findall(r".{20}(?:https?:|url\(|@import|fetch\().{20}", bare)]

    def attributes(self, tag, attributes):
        for name, value in attributes:
            if name in ("src", "href", "action", "srcset", "xlink:href"):
                if not value.startswith(("#", "data:")):
                    self.mistakes.append(f"<{tag} {name}={value[:40]}> points outside")
            if name.startswith("on"):
                self.mistakes.append(f"<{tag} {name}>")
            if name in NUMBERS and re.search(r"nan|inf", value, re.I):
                self.mistakes.append(f"<{tag} {name}={value[:60]}>")

    def handle_startendtag(self, tag, attributes):
        self.attributes(tag, attributes)

    def handle_starttag(self, tag, attributes):
        self.attributes(tag, attributes)
        given = dict(attributes)
        if tag == "section":
            self.sections.append(given["id"])
        if tag == "img":
            assert given["alt"] is not None
            data = base64.b64decode(given["src"].split("base64,")[1], validate=True)
            with Image.open(io.BytesIO(data)) as picture:
                assert picture.format == "JPEG" and picture.size == (int(given["width"]), int(given["height"]))
                picture.load()
            self.pictures += 1
        if tag not in VOID:
            self.open.append(tag)
        if tag == "title":
            self.titles.append("")

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.mistakes.append(f"</{tag}> at line {self.getpos()[0]} ends nothing")

    def handle_data(self, data):
        if self.open and self.open[-1] == "title":
            self.titles[-1] += data
        if not self.open or self.open[-1] not in ("style", "script"):
            self.text += data


def main():
    page, wanted = Page(sys.argv[1]), sys.argv[2:]
    if page.sections != wanted:
        page.mistakes.append(f"sections are {page.sections}")
    links = re.findall(r'<a href="#([^"]*)"', page.source)
    if links != wanted:
        page.mistakes.append(f"links are {links}")
    sys.exit("; ".join(page.mistakes[:5]) or None)


if __name__ == "__main__":
    main()
