"""SVGs for parts of the specification, as in the suites of the W3C."""

from __future__ import annotations

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="300" height="200"'
STAR = "M50 5 L79 95 L2 39 L98 39 L21 95 Z"


def _file(body: str, head: str = ' viewBox="0 0 300 200"') -> str:
    return f"{HEAD}{head}>{body}</svg>"


def _path(data: str, look: str = 'fill="none" stroke="black" stroke-width="3"') -> str:
    return f'<path d="{data}" {look}/>'


WRITTEN: dict[str, str] = {
    "path lines": _file(_path("M10 10 L100 20 l30 40 H200 h20 V150 v10 Z m40 10 20 20 20-20")),
    "path curves": _file(_path("M10 100 C40 10 60 10 90 100 S150 190 180 100 s30-90 60 0")),
    "path quadratics": _file(_path("M10 100 Q50 10 90 100 T170 100 t60 0 q20-60 40 0")),
    "path arcs": _file(_path("M20 100 A40 30 20 0 1 100 100 a30 60 -30 1 0 60 20 A5 5 0 0 0 250 50")),
    "path flags": _file(_path("M20 100a40 30 0 01100 0 40 30 0 10 50 50")),
    "path numbers": _file(_path("M1e1,1.5e1L.5e2-.5.5.5+50,50 1e-1 190")),
    "star nonzero": _file(f'<path d="{STAR}" fill="navy"/>'),
    "star evenodd": _file(f'<path d="{STAR}" fill="navy" fill-rule="evenodd"/>'),
    "shapes": _file(
        '<rect x="10" y="10" width="80" height="50"/><circle cx="150" cy="50" r="40" fill="red"/>'
        '<ellipse cx="240" cy="60" rx="50" ry="20" fill="lime"/><polygon points="20,100 90,190 10,180"/>'
        '<polyline points="120,120 160,190 200,120" fill="none" stroke="blue" stroke-width="5"/>'
        '<line x1="220" y1="120" x2="290" y2="190" stroke="purple" stroke-width="8"/>'
    ),
    "rounded": _file(
        '<rect x="10" y="10" width="80" height="50" rx="20"/><rect x="110" y="10" width="80" height="50" ry="10" fill="red"/>'
        '<rect x="10" y="90" width="280" height="90" rx="500" ry="20" fill="teal"/>'
    ),
    "transforms": _file(
        "".join(
            f'<rect width="40" height="20" transform="{one}" fill="none" stroke="black" stroke-width="2"/>'
            for one in (
                "translate(20 20)", "translate(120,30) rotate(30)", "rotate(40 200 60) translate(180 50)", "translate(20 120) scale(2 1.5)",
                "translate(150 120) skewX(30)", "matrix(1 .5 -.5 1 250 120)",
            )
        )
    ),
    "nested groups": _file(
        '<g transform="scale(2)" fill="none" stroke="green"><g transform="translate(20 10)"><circle r="8" cx="10" cy="10"/>'
        '<g transform="rotate(45)" stroke-width="3"><rect x="30" width="30" height="20"/></g></g></g>'
    ),
    "use and symbol": _file(
        '<defs><g id="g"><circle r="15" cx="20" cy="20"/></g><symbol id="s" viewBox="0 0 10 10"><path d="M0 0 10 10 0 10z"/></symbol></defs>'
        '<use xlink:href="#g" fill="red"/><use href="#g" x="80" y="30"/><use href="#s" x="150" y="20" width="100" height="60" fill="blue"/>'
    ),
    "nested svg": _file(
        '<svg x="20" y="20" width="100" height="100" viewBox="0 0 50 50"><circle cx="25" cy="25" r="40" fill="orange"/></svg>'
        '<svg x="150" y="20" width="100" height="100" overflow="visible"><rect x="-10" y="-10" width="60" height="60"/></svg>'
    ),
    "class styles": _file(
        "<style>.a{fill:none;stroke:#c00;stroke-width:4}#b{stroke:blue}rect.a:first-child{stroke:black}g > circle{fill:lime}</style>"
        '<rect class="a" x="10" y="10" width="60" height="60"/><rect class="a" x="100" y="10" width="60" height="60"/>'
        '<rect class="a" id="b" x="190" y="10" width="60" height="60"/><g><circle cx="50" cy="140" r="30"/></g>'
    ),
    "inherited style": _file(
        '<g style="fill:none; stroke: teal; stroke-width: 6px"><path d="M10 50h100"/><path d="M10 90h100" style="stroke:inherit"/>'
        '<g stroke="red" style="stroke-width:2"><path d="M10 120h100"/></g></g>'
    ),
    "invisible": _file(
        '<rect width="50" height="50" fill="none"/><rect x="60" width="50" height="50" display="none"/>'
        '<rect x="120" width="50" height="50" visibility="hidden"/><rect x="180" width="50" height="50" opacity="0"/>'
        '<rect x="60" y="90" width="90" height="50"/>'
    ),
    "dashes": _file(
        '<g fill="none" stroke="black" stroke-width="6"><path d="M10 20H290" stroke-dasharray="20 10"/>'
        '<path d="M10 60H290" stroke-dasharray="30"/><path d="M10 100H290" stroke-dasharray="20 10 5" stroke-dashoffset="15"/>'
        '<circle cx="150" cy="150" r="35" stroke-dasharray="12 8"/></g>'
    ),
    "caps": _file(
        '<g fill="none" stroke="black" stroke-width="20"><path d="M40 30H250"/><path d="M40 80H250" stroke-linecap="round"/>'
        '<path d="M40 130H250" stroke-linecap="square"/></g>'
    ),
    "clips": _file(
        '<clipPath id="c"><circle cx="80" cy="100" r="60"/></clipPath><clipPath id="d" clipPathUnits="objectBoundingBox">'
        '<rect x=".25" y=".25" width=".5" height=".5"/></clipPath><rect width="150" height="150" clip-path="url(#c)" fill="navy"/>'
        '<rect x="160" y="30" width="120" height="120" clip-path="url(#d)" fill="crimson"/>'
    ),
    "covers": _file(
        '<rect x="20" y="20" width="150" height="100" fill="gold"/><rect x="100" y="60" width="150" height="100" fill="navy"/>'
        '<circle cx="110" cy="70" r="30" fill="white"/>'
    ),
    "markers": _file(
        '<marker id="m" markerWidth="4" markerHeight="4" refX="2" refY="2" orient="auto" viewBox="0 0 4 4"><path d="M0 0 4 2 0 4z"/></marker>'
        '<path d="M30 30 L150 60 L200 150" fill="none" stroke="black" stroke-width="4" marker-end="url(#m)" marker-mid="url(#m)"/>'
    ),
    "aspect meet": _file('<circle cx="50" cy="50" r="45" fill="tomato"/>', ' viewBox="0 0 100 100" preserveAspectRatio="xMinYMid"'),
    "aspect slice": _file('<circle cx="50" cy="50" r="45" fill="tomato"/>', ' viewBox="0 0 100 100" preserveAspectRatio="xMidYMid slice"'),
    "aspect none": _file('<circle cx="50" cy="50" r="45" fill="tomato"/>', ' viewBox="0 0 100 100" preserveAspectRatio="none"'),
    "shifted box": _file('<rect x="-40" y="-20" width="80" height="40" fill="indigo"/>', ' viewBox="-75 -50 150 100"'),
    "units": _file('<rect x="1cm" y="5mm" width="1in" height="36pt" fill="olive"/><circle cx="70%" cy="50%" r="10%"/>', ""),
    "current colour": _file('<g color="maroon"><path d="M20 20h90v60z" fill="currentColor"/></g>'),
    "colours": _file(
        "".join(
            f'<rect x="{10 + 48 * number}" y="40" width="40" height="100" fill="{one}"/>'
            for number, one in enumerate(("#f00", "rgb(0,128,0)", "rgb(0%,0%,80%)", "hsl(300,100%,30%)", "darkorange", "#1a5fb4"))
        )
    ),
    "switch": _file('<switch><path systemLanguage="xx" d="M0 0h50v50z"/><path d="M100 50h80v80z"/><path d="M0 100h50v50z"/></switch>'),
    "gradient": _file(
        '<linearGradient id="l"><stop stop-color="red"/><stop offset="1" stop-color="blue"/></linearGradient>'
        '<rect x="40" y="40" width="200" height="120" fill="none" stroke="url(#l)" stroke-width="12"/>'
    ),
}  # fmt: skip
