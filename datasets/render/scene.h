/*
 * What chance decides about a photograph. Light, material, background and camera are numbered
 * draws: draw number i is a pure function of (seed, i), and each split has draws of its own, so that
 * no light, material, background or camera of a test image is seen in training.
 */
#pragma once

#include "base/random.h"
#include "geometry.h"

#include <stdbool.h>

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

/* Views that a picture can tell apart. The angle is that between the subject's axis (z) and the direction
 * to the camera, in steps of 45 degrees. */
enum {
    VIEW_0 = 1,
    VIEW_45 = 2,
    VIEW_90 = 4,
    VIEW_135 = 8,
    VIEW_180 = 16,
    VIEW_STEPS = 5,
    VIEW_UNTOLD = 32 /* the angle is no label */
};

typedef struct Subject {
    int views;   /* VIEW_*, or-ed; at least one angle */
    bool facing; /* seen from its side, it turns its +y to the camera; else any side */
} Subject;

typedef struct Scene {
    int subject; /* which of those it was drawn for */
    int angle;   /* index of the class: 45 degrees each; -1: not labelled */
    int light_draw, material_draw, background_draw, camera_draw;
    Light light;
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

/* Image number `index` of the set, whose split is `split`, of one of the subjects. */
Scene scene_draw(uint64_t seed, int split, int index, const Subject *subjects, int count);

/* What draw number `number` of a kind ("material") is made of: for those who know the subject. */
Random scene_random(uint64_t seed, const char *kind, int number);

/* From the subject to the camera, length 1. */
Vec scene_to_camera(const Scene *scene);
