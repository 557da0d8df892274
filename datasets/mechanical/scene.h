/*
 * What chance decides about a photograph. Light, material, background and camera are numbered
 * draws: draw number i is a pure function of (seed, i), and each split has draws of its own, so that
 * no light, material, background or camera of a test image is seen in training.
 */
#pragma once

#include "base/random.h"
#include "parts.h"

enum { BOXES = 3, SPLITS = 3 };

typedef struct SoftBox {
    Vec direction, across;
    float width, height, edge; /* as sines of the angles it covers */
    Vec colour;
} SoftBox;

typedef struct Light {
    Vec direction, colour; /* of the key light; direction points to it */
    Vec sky, floor;        /* ambient light from above and below */
    float softness;        /* 0 hard … 1 soft shadows */
    SoftBox box[BOXES];
} Light;

typedef struct Coat {
    Vec albedo;
    float metallic, roughness;
    float brushed, dirt; /* strengths, 0 … 1 */
} Coat;

typedef struct Material {
    Coat coat[3]; /* by Slot */
    uint32_t seed;
} Material;

typedef enum Ground { WOOD, CONCRETE, CUTTING_MAT, PAPER, STEEL, CLOTH, GROUNDS } Ground;

typedef struct Background {
    Ground ground;
    Vec colour, second;
    float size, turn, stain;
    uint32_t seed;
} Background;

typedef struct Camera {
    float elevation;          /* radians above the bench */
    float distance;           /* in bounding radii of the part: focal length */
    float exposure, vignette; /* factor; darkening of the corners */
    float blur, noise;        /* share of a neighbour; deviation in 0 … 1 */
    Vec balance;              /* factors of the channels */
} Camera;

typedef struct Scene {
    const Part *part;
    int angle; /* index of the class: 45 degrees each; -1: not labelled */
    int light_draw, material_draw, background_draw, camera_draw;
    Light light;
    Material material;
    Background background;
    Camera camera;
    Rotation pose;  /* part to world */
    float azimuth;  /* of the camera, radians */
    float roll;     /* of the camera, radians */
    float zoom;     /* half of the picture's side / bounding radius seen at its distance */
    float shift[2]; /* of the part's middle, in half sides */
    int quality;    /* of the JPEG; 0: PNG */
    uint32_t grain; /* seed of the noise */
} Scene;

/* Image number `index` of the set, whose split is `split`. */
Scene scene_draw(uint64_t seed, int split, int index);
