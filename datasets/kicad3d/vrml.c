/* Nodes of VRML 2.0 (ISO/IEC 14772-1, chapter 6) to triangles. */
#include "vrml.h"

#include "smooth.h"
#include "vrml_text.h"

#include <stdlib.h>
#include <string.h>

static const float FARTHEST = 1e6F, LEAST_EXTENT = 1e-6F; /* so that squares are numbers */

/* Linear part (columns) and shift. */
typedef struct Affine {
    Rotation linear;
    Vec shift;
} Affine;

typedef struct Reader {
    Text text;
    VrmlModel *model;
    Affine place; /* of the nodes that are being read */
} Reader;

static const Affine unmoved = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, {0, 0, 0}};

/* `a` after `b`. */
static Affine after(const Affine *a, const Affine *b)
{
    return (Affine){{rotate(&a->linear, b->linear.x), rotate(&a->linear, b->linear.y),
                     rotate(&a->linear, b->linear.z)},
                    add(rotate(&a->linear, b->shift), a->shift)};
}

/* By Rodrigues' formula; `r`: axis and angle. */
static Affine rotation(const float r[4])
{
    float length = sqrtf(r[0] * r[0] + r[1] * r[1] + r[2] * r[2]);
    if (!(length > 0)) return unmoved;
    Vec axis = scale(1 / length, vec(r[0], r[1], r[2])), image[3];
    float c = cosf(r[3]), s = sinf(r[3]);
    for (int i = 0; i < 3; i++) {
        Vec unit = vec(i == 0, i == 1, i == 2);
        image[i] = add(add(scale(c, unit), scale(s, cross(axis, unit))),
                       scale((1 - c) * dot(axis, unit), axis));
    }
    return (Affine){{image[0], image[1], image[2]}, {0, 0, 0}};
}

/* Reads a field of numbers if the node has it; else `value` stays. */
static bool read_numbers(Text *text, const Node *node, const char *name, float *value, int count)
{
    return !text_field(text, node, name) || text_numbers(text, value, count);
}

static bool read_vec(Text *text, const Node *node, const char *name, Vec *value)
{
    float v[3] = {value->x, value->y, value->z};
    if (!read_numbers(text, node, name, v, 3)) return false;
    *value = vec(v[0], v[1], v[2]);
    return true;
}

/* Moves to a node that is a field's value and reads it; its type is "NULL" if there is none. */
static bool read_member(Text *text, const Node *node, const char *name, Node *member)
{
    *member = (Node){.type = {"NULL", 4}};
    return !text_field(text, node, name) || text_node(text, member);
}

/* --- materials --- */

static bool same_material(const VrmlMaterial *a, const VrmlMaterial *b)
{
    return strcmp(a->name, b->name) == 0 && memcmp(&a->diffuse, &b->diffuse, sizeof(Vec)) == 0 &&
           memcmp(&a->specular, &b->specular, sizeof(Vec)) == 0 && a->shininess >= b->shininess &&
           a->shininess <= b->shininess && a->transparency >= b->transparency &&
           a->transparency <= b->transparency;
}

/* Its slot: that of an equal one, or a new one. */
static bool slot_of(Reader *r, const VrmlMaterial *material)
{
    VrmlModel *m = r->model;
    for (m->mesh.slot = 0; m->mesh.slot < m->materials; m->mesh.slot++)
        if (same_material(&m->material[m->mesh.slot], material)) return true;
    if (m->materials == MATERIALS_MAX)
        return text_error(&r->text, "has more than %d materials", MATERIALS_MAX);
    m->material[m->materials++] = *material;
    return true;
}

static Vec unit_range(Vec v)
{
    return vec(clamp(v.x, 0, 1), clamp(v.y, 0, 1), clamp(v.z, 0, 1));
}

/* Sets the slot of the faces that come next. */
static bool read_material(Reader *r, const Node *shape)
{
    Text *text = &r->text;
    Node appearance, node;
    /* what the standard says of a material without fields */
    VrmlMaterial m = {.diffuse = {0.8F, 0.8F, 0.8F}, .shininess = 0.2F};
    if (!read_member(text, shape, "appearance", &appearance)) return false;
    if (!read_member(text, &appearance, "material", &node)) return false;
    size_t length = node.name.length < sizeof m.name - 1 ? node.name.length : sizeof m.name - 1;
    if (node.name.text) memcpy(m.name, node.name.text, length);
    if (!read_vec(text, &node, "diffuseColor", &m.diffuse) ||
        !read_vec(text, &node, "specularColor", &m.specular) ||
        !read_numbers(text, &node, "shininess", &m.shininess, 1) ||
        !read_numbers(text, &node, "transparency", &m.transparency, 1))
        return false;
    m.diffuse = unit_range(m.diffuse);
    m.specular = unit_range(m.specular);
    m.shininess = clamp(m.shininess, 0, 1);
    m.transparency = clamp(m.transparency, 0, 1);
    return slot_of(r, &m);
}

/* --- faces --- */

typedef struct Numbers {
    float *value;
    size_t count, capacity;
} Numbers;

static bool read_list(Text *text, Numbers *list)
{
    Word word;
    if (!text_next(text, &word)) return false;
    if (!word_is(word, "[")) return text_error(text, "a list does not begin with [");
    for (;;) {
        float value;
        bool end;
        if (!text_number_or_end(text, &value, &end)) return false;
        if (end) return true;
        if (list->count == list->capacity) {
            list->capacity = list->capacity ? 2 * list->capacity : 256;
            list->value = realloc(list->value, list->capacity * sizeof *list->value);
            if (!list->value) die("out of memory for a model's numbers");
        }
        list->value[list->count++] = value;
    }
}

/* Points of a Coordinate node, placed. */
static bool read_points(Reader *r, const Node *set, Faces *faces)
{
    Text *text = &r->text;
    Node node;
    Numbers list = {0};
    if (!read_member(text, set, "coord", &node)) return false;
    if (text_field(text, &node, "point") && !read_list(text, &list)) return free(list.value), false;
    faces->points = list.count / 3;
    Vec *point = malloc((faces->points + 1) * sizeof *point);
    if (!point) die("out of memory for a model's points");
    faces->point = point;
    bool near = true;
    for (size_t i = 0; i < faces->points; i++) {
        const float *v = list.value + 3 * i;
        Vec p = add(rotate(&r->place.linear, vec(v[0], v[1], v[2])), r->place.shift);
        near = near && fabsf(p.x) < FARTHEST && fabsf(p.y) < FARTHEST && fabsf(p.z) < FARTHEST;
        point[i] = p;
    }
    free(list.value);
    return near || text_error(text, "a point is farther than %g from the middle", (double)FARTHEST);
}

/* Polygons, each ended by -1, as fans of triangles. */
static bool fan_out(Text *text, const Numbers *index, Faces *faces)
{
    int *corner = malloc((3 * index->count + 1) * sizeof *corner);
    if (!corner) die("out of memory for a model's faces");
    faces->corner = corner;
    int fan[2] = {0}, held = 0; /* the first corner and the last one */
    for (size_t i = 0; i < index->count; i++) {
        float value = index->value[i];
        if (value < 0) {
            held = 0;
            continue;
        }
        if (!(value < (float)faces->points))
            return text_error(text, "a face names point %.0f of %zu", (double)value, faces->points);
        int point = (int)value;
        if (held == 2) {
            int *c = corner + 3 * faces->triangles++;
            c[0] = fan[0], c[1] = fan[1], c[2] = point;
        }
        fan[held > 0] = point;
        held += held < 2;
    }
    return true;
}

static bool read_triangles(Reader *r, const Node *set, Faces *faces)
{
    Text *text = &r->text;
    Numbers index = {0};
    bool done = !text_field(text, set, "coordIndex") || read_list(text, &index);
    done = done && fan_out(text, &index, faces);
    free(index.value);
    if (done && r->model->mesh.corners / 3 + faces->triangles > TRIANGLES_MAX)
        return text_error(text, "has more than %d triangles", TRIANGLES_MAX);
    return done;
}

static bool read_face_set(Reader *r, const Node *set)
{
    Faces faces = {0};
    bool done = read_numbers(&r->text, set, "creaseAngle", &faces.crease, 1) &&
                read_points(r, set, &faces) && read_triangles(r, set, &faces);
    if (done) smooth_faces(&r->model->mesh, &faces);
    free((void *)faces.point);
    free((void *)faces.corner);
    return done;
}

static bool read_shape(Reader *r, const Node *shape)
{
    static const char *const without_surface[] = {"NULL", "IndexedLineSet", "PointSet", "Text"};
    Node geometry;
    if (!read_member(&r->text, shape, "geometry", &geometry)) return false;
    for (size_t i = 0; i < sizeof without_surface / sizeof *without_surface; i++)
        if (word_is(geometry.type, without_surface[i])) return true;
    if (!word_is(geometry.type, "IndexedFaceSet"))
        return text_error(&r->text, "geometry %.*s cannot be read, only IndexedFaceSet",
                          (int)(geometry.type.length < 40 ? geometry.type.length : 40),
                          geometry.type.text);
    return read_material(r, shape) && read_face_set(r, &geometry);
}

/* --- groups --- */

static bool read_node(void *context, Text *text);

static bool read_children(Reader *r, const Node *node, const char *field, int first, int count)
{
    if (!text_field(&r->text, node, field)) return true;
    return text_each_node(&r->text, read_node, r, first, count);
}

static bool read_transform(Reader *r, const Node *node)
{
    Text *text = &r->text;
    Vec move = {0, 0, 0}, centre = {0, 0, 0}, size = {1, 1, 1};
    float turn[4] = {0, 0, 1, 0}, stretch[4] = {0, 0, 1, 0};
    if (!read_vec(text, node, "translation", &move) || !read_vec(text, node, "center", &centre) ||
        !read_vec(text, node, "scale", &size) || !read_numbers(text, node, "rotation", turn, 4) ||
        !read_numbers(text, node, "scaleOrientation", stretch, 4))
        return false;
    float back[4] = {stretch[0], stretch[1], stretch[2], -stretch[3]};
    /* section 6.52: T C R SR S -SR -C */
    Affine step[] = {{unmoved.linear, add(move, centre)},
                     rotation(turn),
                     rotation(stretch),
                     {{{size.x, 0, 0}, {0, size.y, 0}, {0, 0, size.z}}, {0, 0, 0}},
                     rotation(back),
                     {unmoved.linear, scale(-1, centre)}};
    Affine outside = r->place;
    for (size_t i = 0; i < sizeof step / sizeof *step; i++) r->place = after(&r->place, &step[i]);
    bool done = read_children(r, node, "children", 0, -1);
    r->place = outside;
    return done;
}

static bool read_switch(Reader *r, const Node *node)
{
    float which = -1;
    if (!read_numbers(&r->text, node, "whichChoice", &which, 1)) return false;
    if (which < 0 || which > 1e6F) return true;
    return read_children(r, node, "choice", (int)which, 1);
}

static bool read_node(void *context, Text *text)
{
    static const char *const groups[] = {"Group", "Anchor", "Billboard", "Collision"};
    Reader *r = context;
    Node node;
    if (!text_node(text, &node)) return false;
    const char *after = text->at;
    bool done = true;
    if (word_is(node.type, "Shape"))
        done = read_shape(r, &node);
    else if (word_is(node.type, "Transform"))
        done = read_transform(r, &node);
    else if (word_is(node.type, "Switch"))
        done = read_switch(r, &node);
    else if (word_is(node.type, "LOD"))
        done = read_children(r, &node, "level", 0, 1);
    else if (word_is(node.type, "Inline"))
        done = text_error(text, "another file is named by Inline, which is not followed");
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        if (word_is(node.type, groups[i])) done = read_children(r, &node, "children", 0, -1);
    text->at = after;
    return done;
}

static bool read_file(Reader *r)
{
    Text *text = &r->text;
    for (;;) {
        const char *before = text->at;
        Word word;
        if (!text_next(text, &word)) return false;
        if (!word.text) return true;
        text->at = before;
        if (!read_node(r, text)) return false;
    }
}

static bool has_extent(const Mesh *mesh, Error *err)
{
    if (mesh->corners == 0) return error_set(err, ERROR_DATA, "has no faces");
    Vec first = mesh->corner[0].position;
    float farthest = 0;
    for (size_t i = 1; i < mesh->corners; i++) {
        Vec d = sub(mesh->corner[i].position, first);
        farthest = larger(farthest, larger(fabsf(d.x), larger(fabsf(d.y), fabsf(d.z))));
    }
    return farthest > LEAST_EXTENT || error_set(err, ERROR_DATA, "has no extent");
}

bool vrml_read(const char *data, size_t bytes, VrmlModel *model, Error *err)
{
    Reader r = {.model = model, .place = unmoved};
    *model = (VrmlModel){.material = calloc(MATERIALS_MAX, sizeof *model->material)};
    if (!model->material) die("out of memory for a model's materials");
    bool done =
        text_open(&r.text, data, bytes, err) && read_file(&r) && has_extent(&model->mesh, err);
    text_close(&r.text);
    if (!done) vrml_free(model);
    return done;
}

void vrml_free(VrmlModel *model)
{
    mesh_free(&model->mesh);
    free(model->material);
    *model = (VrmlModel){0};
}
