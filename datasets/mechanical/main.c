/*
 * Renders a labelled set of mechanical parts. The manifest has the columns path, type, part, angle (empty:
 * not to be told from a picture), split, and the numbers of the draws.
 */
#include "materials.h"
#include "parts.h"
#include "render/set.h"

#include <stdlib.h>

typedef struct Catalogue {
    SetOptions options;
    int images;
    Mesh *mesh;       /* (catalogue_parts) */
    Subject *subject; /* (catalogue_parts) */
} Catalogue;

static void build_catalogue(Catalogue *c)
{
    c->mesh = calloc((size_t)catalogue_parts, sizeof *c->mesh);
    c->subject = calloc((size_t)catalogue_parts, sizeof *c->subject);
    if (!c->mesh || !c->subject) die("out of memory for the catalogue");
    for (int i = 0; i < catalogue_parts; i++) {
        catalogue[i].build(&c->mesh[i], catalogue[i].p);
        mesh_normalize(&c->mesh[i]);
        c->subject[i] = (Subject){catalogue[i].views, catalogue[i].facing};
    }
}

static void free_catalogue(Catalogue *c)
{
    for (int i = 0; i < catalogue_parts; i++) mesh_free(&c->mesh[i]);
    free(c->mesh);
    free(c->subject);
}

static Scene scene_of(const Catalogue *c, int index)
{
    return scene_draw(c->options.seed, set_split(index), index, c->subject, catalogue_parts);
}

static void paint(void *context, int index, Easel *easel)
{
    const Catalogue *c = context;
    Scene scene = scene_of(c, index);
    Material material = material_draw(c->options.seed, scene.material_draw);
    Model model = {&c->mesh[scene.subject], material.coat, material.seed};
    set_paint(easel, index, &scene, &model);
}

static void write_manifest(void *context, FILE *file)
{
    const Catalogue *c = context;
    fprintf(file, "path,type,part,angle");
    set_write_titles(file);
    for (int i = 0; i < c->images; i++) {
        Scene scene = scene_of(c, i);
        const Part *part = &catalogue[scene.subject];
        char name[64], angle[16] = "";
        set_image_name(name, sizeof name, &scene, i);
        if (scene.angle >= 0) snprintf(angle, sizeof angle, "%03d", 45 * scene.angle);
        fprintf(file, "%s,%s,%s-%s,%s", name, part->type, part->type, part->name, angle);
        set_write_draws(file, &scene, i);
    }
}

enum { KEY_IMAGES = 1 };

static const struct argp_option options[] = {
    {"images", KEY_IMAGES, "N", 0, "How many, 8 of 10 for training (default: 6000)", 0},
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    Catalogue *c = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &c->options;
        return 0;
    case KEY_IMAGES:
        c->images = set_number(state, "images", text, 1, 10000000);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    Catalogue c = {.options = set_options(), .images = 6000};
    struct argp_child children[] = {{&set_argp, 0, NULL, 0}, {0}};
    struct argp argp = {
        options,  parse, "OUT", "Renders mechanical parts with the labels type, part and angle.",
        children, 0,     0};
    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, &c);
    if (c.options.sheet) c.images = SHEET_PICTURES;
    build_catalogue(&c);
    SetPlan plan = {c.images, paint, c.images, write_manifest, &c};
    Error err = {0};
    bool done = set_render(&c.options, &plan, &err);
    free_catalogue(&c);
    if (done) return 0;
    fprintf(stderr, "mechanical: %s\n", err.text);
    return 4;
}
