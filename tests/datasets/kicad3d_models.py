"""Models as KiCad's library has them, made for the test: kicad3d_models.py FOLDER

Good: three in Good_Blocks, two in Good_Plates, one family of a single model (Lone). Good_Plates holds broken ones besides."""
import os
import sys

HEAD = "#VRML V2.0 utf8\n# made for the test { [\n"
PIN = "DEF PIN-01 Material { diffuseColor 0.824 0.82 0.781 specularColor 0.328 0.258 0.172 shininess 0.7 }"
BODY = "DEF BODY Material { diffuseColor %s shininess .3 transparency 0.0 }"
CUBE = """geometry DEF CUBE IndexedFaceSet { creaseAngle 0.5 solid FALSE
  coord Coordinate { point [ 0 0 0, 1 0 0, 1 1 0, 0 1 0, 0 0 1, 1 0 1, 1 1 1, 0 1 1 ] }
  coordIndex [ 0 3 2 1 -1, 4 5 6 7 -1, 0,1,5,4,-1,1,2,6,5,-1,2,3,7,6,-1,3,0,4,7 ] }"""


def block(colour, length):
    """A body and two legs: materials by DEF and USE, a geometry used again, transforms in groups."""
    return HEAD + f"""Shape {{ appearance Appearance {{ material {PIN} }} }}
Shape {{ appearance Appearance {{ material {BODY % colour} }} }}
Group {{ children [
  Transform {{ translation 0 0 0.5 scale {length} 2 1 children Shape {{ {CUBE} appearance Appearance {{ material USE BODY }} }} }}
  DEF LEG Transform {{ rotation 0 0 1 1.5708 scale .3 .3 1 children [ Shape {{ appearance Appearance {{ material USE PIN-01 }} geometry USE CUBE }} ] }}
  Transform {{ translation {length} 0 0 children USE LEG }}
] }}
"""


def plate(width):
    """As KiCad StepUp writes: a shape for each face, without groups."""
    w = f"{width} 0 0.1"
    return HEAD + f"""Shape {{
\tappearance Appearance {{material DEF PLASTIC-WHITE-01 Material {{
\t\tambientIntensity 0.494
\t\tdiffuseColor 0.895 0.891 0.813
\t\t}}
\t}}
}}
Shape {{ geometry IndexedFaceSet
{{ creaseAngle 0.50 coordIndex [0,1,2,-1,1,3,2,-1]
coord Coordinate {{ point [0 0 0.1,{w},0 1 0.1,{width} 1 0.1]
}}}}
appearance Appearance{{material USE PLASTIC-WHITE-01 }}
}}
"""


BROKEN = {
    "a_truncated": block("1 0 0", 3)[:700],
    "b_no_vrml": "solid plate\n",
    "c_corner": HEAD + "Shape { geometry IndexedFaceSet { coord Coordinate { point [0 0 0 1 0 0 0 1 0] } coordIndex [0 1 9] } }",
    "d_itself": HEAD + "DEF g Group { children [ USE g ] }",
    "e_box": HEAD + "Shape { geometry Box { size 1 1 1 } }",
    "f_lines": HEAD + "Shape { geometry IndexedLineSet { coord Coordinate { point [0 0 0 1 1 1] } coordIndex [0 1 -1] } }",
}


def write(folder, family, name, text):
    os.makedirs(f"{folder}/{family}.3dshapes", exist_ok=True)
    with open(f"{folder}/{family}.3dshapes/{name}.wrl", "w", encoding="utf-8") as file:
        file.write(text)


def main():
    folder = sys.argv[1]
    for colour, length in (("0.8 0.1 0.1", 2), ("0.1 0.6 0.2", 4), ("0.1 0.2 0.7", 7)):
        write(folder, "Good_Blocks", f"Block_{length},0", block(colour, length))
    for width in (1, 3):
        write(folder, "Good_Plates", f"Plate_{width}", plate(width))
    for name, text in BROKEN.items():
        write(folder, "Good_Plates", name, text)
    write(folder, "Lone", "Lone", plate(2))


main()
