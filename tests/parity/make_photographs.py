#!/usr/bin/python3
"""Eight crops of scikit-learn's two photographs as RGB pixels: make_photographs.py OUT.h5 SIDE... writes an array
/SIDE (8,SIDE,SIDE,3) for each side."""
import sys

import h5py
import numpy
from PIL import Image
from sklearn.datasets import load_sample_images


def crops(side):
    """Four squares of each photograph (427 x 640), from left to right and ever larger."""
    pictures = [Image.fromarray(photograph) for photograph in load_sample_images().images]
    boxes = [(150 * i, 10 * i, 150 * i + 160 + 7 * i, 10 * i + 160 + 7 * i) for i in range(4)]
    return numpy.stack([numpy.asarray(picture.resize((side, side), Image.BILINEAR, box))
                        for picture in pictures for box in boxes])


def main():
    with h5py.File(sys.argv[1], "w") as file:
        for side in sys.argv[2:]:
            file[side] = crops(int(side))


if __name__ == "__main__":
    main()
