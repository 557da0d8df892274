/*
 * Renders the 3-D models of electronic parts that KiCad comes with. The manifest has the columns path, family,
 * part, angle (between the part's upward axis and the direction to the camera: 000 from above … 180 from
 * below, give or take 7 degrees), azimuth (degrees: which side is turned to the camera, 0 its front, 90
 * its right side; empty where it is seen from above or below), split, and the numbers of the draws.
 */
#include "choose.h"
#include "coats.h"
#include "data/csv.h"
#include "io/file.h"
#include "render/set.h"
#include "vrml.h"

#include <stdlib.h>
#include <string.h>

typedef struct Library {
    Arena *arena;
    SetOptions options;
    Choice choice;
    int per_part;
    Parts parts;
    char **refusal; /* (parts.count): why a model could not be read, or NULL */
} Library;

static const Subject any_view = {VIEW_0 | VIEW_45 | VIEW_90 | VIEW_135 | VIEW_180, false};

static Scene scene_of(const Library *l, int index)
{
    return scene_draw(l->options.seed, set_split(index), index, &any_view, 1);
}

static void model_path(const Library *l, int part, char *path, size_t bytes)
{
    const Part *p = &l->parts.part[part];
    snprintf(path, bytes, "%s/%s.3dshapes/%s.wrl", l->choice.folder, p->family, p->name);
}

static bool load(const Library *l, int part, VrmlModel *model, Error *err)
{
    char path[4096];
    uint8_t *data;
    size_t bytes;
    model_path(l, part, path, sizeof path);
    if (!file_read(path, &data, &bytes, err)) return false;
    bool done = vrml_read((const char *)data, bytes, model, err);
    free(data);
    if (done) mesh_normalize(&model->mesh);
    return done || error_context(err, "%s", path);
}

static void paint(const Library *l, const VrmlModel *vrml, int index, Easel *easel)
{
    Scene scene = scene_of(l, index);
    Wear wear = wear_draw(l->options.seed, scene.material_draw);
    Coat coat[MATERIALS_MAX];
    for (int i = 0; i < vrml->materials; i++) coat[i] = coat_of(&vrml->material[i], &wear);
    Model model = {&vrml->mesh, coat, wear.seed};
    set_paint(easel, index, &scene, &model);
}

static void refuse(Library *l, int part, const Error *err)
{
    l->refusal[part] = strdup(err->text);
    if (!l->refusal[part]) die("out of memory for an error");
}

/* All pictures of a part. */
static void paint_part(void *context, int part, Easel *easel)
{
    Library *l = context;
    VrmlModel model;
    Error err = {0};
    if (load(l, part, &model, &err)) {
        for (int k = 0; k < l->per_part; k++) paint(l, &model, l->per_part * part + k, easel);
        vrml_free(&model);
    } else {
        refuse(l, part, &err);
        set_skip(easel, l->per_part);
    }
}

/* One picture of one of the parts that are spread over all; told, and black, if it cannot be read. */
static void paint_cell(void *context, int cell, Easel *easel)
{
    Library *l = context;
    int part = (int)((long)cell * l->parts.count / SHEET_PICTURES);
    VrmlModel model;
    Error err = {0};
    if (!load(l, part, &model, &err)) {
        fprintf(stderr, "kicad3d: %s\n", err.text);
        set_skip(easel, 1);
        return;
    }
    paint(l, &model, cell, easel);
    vrml_free(&model);
}

/* Degrees from the part's front (-y) over its right side (+x) to the camera, from 0 to 360. */
static float azimuth_of(const Scene *scene)
{
    Vec camera = rotate_back(&scene->pose, scene_to_camera(scene));
    float degrees = atan2f(camera.x, -camera.y) * (360 / TURN);
    return degrees < 0 ? degrees + 360 : degrees;
}

static void write_row(const Library *l, const Part *part, int index, FILE *file)
{
    Scene scene = scene_of(l, index);
    char name[64];
    set_image_name(name, sizeof name, &scene, index);
    fprintf(file, "%s,", name);
    csv_write_field(file, part->family);
    fputc(',', file);
    csv_write_field(file, part->name);
    fprintf(file, ",%03d,", 45 * scene.angle);
    if (scene.angle % 4 != 0) fprintf(file, "%.1f", (double)azimuth_of(&scene));
    set_write_draws(file, &scene, index);
}

static void write_manifest(void *context, FILE *file)
{
    const Library *l = context;
    fprintf(file, "path,family,part,angle,azimuth");
    set_write_titles(file);
    for (int i = 0; i < l->parts.count; i++)
        for (int k = 0; k < l->per_part && !l->refusal[i]; k++)
            write_row(l, &l->parts.part[i], l->per_part * i + k, file);
}

static bool tell_refusals(const Library *l, Error *err)
{
    int refused = 0;
    for (int i = 0; i < l->parts.count; i++) {
        if (!l->refusal[i]) continue;
        fprintf(stderr, "kicad3d: %s\n", l->refusal[i]);
        refused++;
    }
    fprintf(stderr, "kicad3d: %d families, %d of %d models", l->parts.families,
            l->parts.count - refused, l->parts.count);
    fprintf(stderr, refused ? "; those above are left out\n" : "\n");
    return refused < l->parts.count ||
           error_set(err, ERROR_DATA, "%s: no model can be read", l->choice.folder);
}

static bool run(Library *l, Error *err)
{
    if (!parts_choose(&l->choice, &l->parts, l->arena, err)) return false;
    if ((long)l->parts.count * l->per_part > 10000000)
        return error_set(err, ERROR_USAGE, "%d models with %d pictures each are more than 10000000",
                         l->parts.count, l->per_part);
    l->refusal = arena_new(l->arena, char *, l->parts.count);
    SetPlan plan = {l->parts.count, paint_part, l->per_part * l->parts.count, write_manifest, l};
    if (l->options.sheet) plan.items = plan.images = SHEET_PICTURES, plan.work = paint_cell;
    if (!set_render(&l->options, &plan, err)) return false;
    return l->options.sheet || tell_refusals(l, err);
}

/* Errors of threads; the arena is the main one's. */
static void free_refusals(Library *l)
{
    for (int i = 0; l->refusal && i < l->parts.count; i++) free(l->refusal[i]);
}

enum { KEY_MODELS = 1, KEY_FAMILIES, KEY_LEAST, KEY_MOST, KEY_PER_PART };

static const struct argp_option options[] = {
    {"models", KEY_MODELS, "FOLDER", 0,
     "Holds FAMILY.3dshapes/PART.wrl (default: /usr/share/kicad/3dmodels)", 0},
    {"families", KEY_FAMILIES, "A,B,...", 0, "Only these", 0},
    {"least", KEY_LEAST, "N", 0, "Leaves out families of fewer models (default: 10)", 0},
    {"most", KEY_MOST, "N", 0, "Takes so many models of a family (default: 20)", 0},
    {"per-part", KEY_PER_PART, "N", 0, "Pictures, 8 of 10 for training (default: 20)", 0},
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    Library *l = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &l->options;
        return 0;
    case KEY_MODELS:
        l->choice.folder = text;
        return 0;
    case KEY_FAMILIES:
        l->choice.families = text;
        return 0;
    case KEY_LEAST:
        l->choice.least = set_number(state, "least", text, 1, 1000000);
        return 0;
    case KEY_MOST:
        l->choice.most = set_number(state, "most", text, 1, 1000000);
        return 0;
    case KEY_PER_PART:
        l->per_part = set_number(state, "per-part", text, 1, 1000000);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    Library l = {.arena = arena_create("library"),
                 .options = set_options(),
                 .choice = {.folder = "/usr/share/kicad/3dmodels", .least = 10, .most = 20},
                 .per_part = 20};
    struct argp_child children[] = {{&set_argp, 0, NULL, 0}, {0}};
    struct argp argp = {
        options,
        parse,
        "OUT",
        "Renders the 3-D models of electronic parts that KiCad comes with, with the "
        "labels family, part, angle and azimuth.",
        children,
        0,
        0};
    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, &l);
    Error err = {0};
    bool done = run(&l, &err);
    free_refusals(&l);
    arena_destroy(l.arena);
    if (done) return 0;
    fprintf(stderr, "kicad3d: %s\n", err.text);
    return err.kind == ERROR_USAGE ? 2 : 4;
}
