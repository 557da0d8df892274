/* Models in VRML: what is accepted has triangles whose corners are numbers, of materials that are there. */
#include "fuzz.h"
#include "kicad3d/vrml.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A face of three numbers is a point, a corner and a normal; USE may read it again and again. */
enum { FACTOR = 4096, ROOM = 64 << 20 };

static bool is_finite(Vec v)
{
    return isfinite(v.x) && isfinite(v.y) && isfinite(v.z);
}

static void check_model(VrmlModel *model)
{
    const Mesh *mesh = &model->mesh;
    FUZZ_REQUIRE(mesh->corners > 0 && mesh->corners % 3 == 0);
    FUZZ_REQUIRE(mesh->corners / 3 <= TRIANGLES_MAX && model->materials <= MATERIALS_MAX);
    mesh_normalize(&model->mesh);
    for (size_t i = 0; i < mesh->corners; i++) {
        const Corner *c = &mesh->corner[i];
        FUZZ_REQUIRE(is_finite(c->position) && is_finite(c->normal));
        FUZZ_REQUIRE(c->slot >= 0 && c->slot < (float)model->materials);
        FUZZ_REQUIRE(dot(c->position, c->position) < 1.001F);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char *text = malloc(bytes + 1);
    memcpy(text, data, bytes);
    text[bytes] = 0;
    VrmlModel model;
    Error err = {0};
    fuzz_allow(bytes + ROOM / FACTOR, FACTOR);
    bool ok = vrml_read(text, bytes, &model, &err);
    fuzz_check_error(ok, &err);
    FUZZ_REQUIRE(ok || !strchr(err.text, '\n'));
    if (ok) check_model(&model);
    if (ok) vrml_free(&model);
    free(text);
    return 0;
}
