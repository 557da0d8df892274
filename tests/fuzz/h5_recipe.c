/*
 * A recipe is a row of steps, each of one byte that says what to make and what it needs:
 *   0 array      name, type, layout, rank, rank * dimension (2 bytes), pattern
 *   1 texts      name, bytes of a text, count (2 bytes), pattern
 *   2 integer    name of the object, name of the attribute, 8 bytes
 *   3 text       name of the object, name of the attribute, type, pattern
 *   4 link       name, kind, name
 * A pattern is its length and so many bytes, with which the data is filled again and again. A dimension is
 * its low 12 bits, shifted left by 8 times its high 4 bits, so that it can be as large as HDF5 allows.
 */
#include "h5_recipe.h"

#include "fuzz.h"
#include "io/seal.h"

#include <hdf5.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* 1032, and twice, since arrays may be read twice. */
enum { RANK_MAX = 5, DATA_MAX = 1 << 14, FACTOR = 64, FACTOR_COMPRESSED = 64 + 2 * 1032 };

static const char *const names[] = {
    "/images/checksum",
    "/images/offset",
    "/images/size",
    "/images/path",
    "/images/bytes",
    "/split",
    "/labels/a/class",
    "/labels/a/label",
    "/labels/b/class",
    "/labels/b/label",
    "/labels/c",
    "/labels",
    "/config",
    "/provenance",
    "/pack_hash",
    "/best",
    "/heads/a/class",
    "/heads/b/class",
    "/heads/c",
    "/heads",
    "/param/w",
    "/param/v",
    "/param",
    "/slot/m/w",
    "/slot/v/w",
    "/slot/n",
    "/slot",
    "/state/s",
    "/state",
    "/",
    "/labels/b/begin",
    "/labels/b/member",
    "/labels/b/known",
    "/labels/d/value",
    "/heads/a/weight",
    "/heads/d/standard",
};
static const char *const keys[] = {"created_by", "step", "epoch",  "updates", "skipped",
                                   "validated",  "bad",  "format", "version"};
#define COUNT(list) (sizeof(list) / sizeof *(list))

typedef struct Recipe {
    const uint8_t *at, *end;
    hid_t file;
    bool compressed;
} Recipe;

static unsigned next_byte(Recipe *recipe)
{
    return recipe->at < recipe->end ? *recipe->at++ : 0;
}

static const char *next_name(Recipe *recipe)
{
    return names[next_byte(recipe) % COUNT(names)];
}

static hsize_t next_dimension(Recipe *recipe)
{
    unsigned word = next_byte(recipe);
    word |= next_byte(recipe) << 8;
    return (hsize_t)(word & 0xFFF) << 4 * (word >> 12);
}

/* `bytes` of the pattern that comes next, from malloc. */
static uint8_t *next_data(Recipe *recipe, size_t bytes)
{
    size_t length = next_byte(recipe), left = (size_t)(recipe->end - recipe->at);
    if (length > left) length = left;
    uint8_t *data = calloc(bytes + 1, 1);
    for (size_t i = 0; i < bytes && length > 0; i++) data[i] = recipe->at[i % length];
    recipe->at += length;
    return data;
}

static hid_t text_type(size_t bytes)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, bytes);
    return type;
}

/* To be closed. */
static hid_t next_type(Recipe *recipe)
{
    const hid_t types[] = {H5T_STD_U8LE,   H5T_STD_I32LE,  H5T_STD_I64LE, H5T_STD_U64LE,
                           H5T_IEEE_F32LE, H5T_IEEE_F64LE, H5T_STD_I32BE, H5T_NATIVE_SHORT};
    unsigned choice = next_byte(recipe);
    if (choice == 255) return text_type(H5T_VARIABLE);
    if (choice >= COUNT(types)) return text_type(choice - COUNT(types) + 1);
    return H5Tcopy(types[choice]);
}

static hid_t link_creation(void)
{
    hid_t creation = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(creation, 1);
    return creation;
}

/* Groups on the way, each with an order of creation. */
static void make_groups(Recipe *recipe, const char *name)
{
    char partial[64];
    hid_t creation = H5Pcreate(H5P_GROUP_CREATE);
    H5Pset_link_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    for (const char *slash = strchr(name + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        memcpy(partial, name, (size_t)(slash - name));
        partial[slash - name] = 0;
        hid_t group = H5Gcreate2(recipe->file, partial, H5P_DEFAULT, creation, H5P_DEFAULT);
        if (group >= 0) H5Gclose(group);
    }
    H5Pclose(creation);
}

typedef enum Layout { CONTIGUOUS, COMPACT, CHUNKED, NO_DATA, ELSEWHERE, LAYOUTS } Layout;

static hid_t data_creation(Layout layout, int rank, const hsize_t *dims)
{
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    if (layout == COMPACT) H5Pset_layout(creation, H5D_COMPACT);
    if (layout == CHUNKED && rank > 0) {
        H5Pset_chunk(creation, rank, dims);
        H5Pset_deflate(creation, 1);
    }
    if (layout == ELSEWHERE) H5Pset_external(creation, "/etc/hostname", 0, H5F_UNLIMITED);
    return creation;
}

static void make_data(Recipe *recipe, const char *name, hid_t type, Layout layout, int rank,
                      const hsize_t *dims)
{
    make_groups(recipe, name);
    recipe->compressed |= layout == CHUNKED;
    hid_t creation = data_creation(layout, rank, dims);
    hid_t space = H5Screate_simple(rank, dims, NULL);
    hid_t set = H5Dcreate2(recipe->file, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    hssize_t count = H5Sget_simple_extent_npoints(space);
    size_t bytes = H5Tget_size(type);
    bool fits = count >= 0 && count <= DATA_MAX && (size_t)count * bytes <= DATA_MAX;
    uint8_t *data = next_data(recipe, fits ? (size_t)count * bytes : 0);
    if (set >= 0 && fits && layout < NO_DATA && H5Tis_variable_str(type) <= 0)
        H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
    free(data);
    if (set >= 0) H5Dclose(set);
    H5Sclose(space);
    H5Pclose(creation);
}

static void make_array(Recipe *recipe)
{
    const char *name = next_name(recipe);
    hid_t type = next_type(recipe);
    Layout layout = (Layout)(next_byte(recipe) % LAYOUTS);
    int rank = (int)(next_byte(recipe) % (RANK_MAX + 1));
    hsize_t dims[RANK_MAX];
    for (int i = 0; i < rank; i++) dims[i] = next_dimension(recipe);
    make_data(recipe, name, type, layout, rank, dims);
    H5Tclose(type);
}

static void make_texts(Recipe *recipe)
{
    const char *name = next_name(recipe);
    hid_t type = text_type(next_byte(recipe) + 1);
    hsize_t count = next_dimension(recipe);
    make_data(recipe, name, type, CONTIGUOUS, 1, &count);
    H5Tclose(type);
}

static void make_attribute(Recipe *recipe, bool text)
{
    const char *name = next_name(recipe), *key = keys[next_byte(recipe) % COUNT(keys)];
    hid_t type = text ? next_type(recipe) : H5Tcopy(H5T_STD_I64LE);
    hsize_t count = text ? next_byte(recipe) : 1;
    size_t bytes = H5Tget_size(type) * (size_t)count;
    uint8_t *data = text ? next_data(recipe, bytes) : calloc(8, 1);
    for (int i = 0; i < 8 && !text; i++) data[i] = (uint8_t)next_byte(recipe);
    hid_t object = H5Oopen(recipe->file, name, H5P_DEFAULT);
    hid_t space = count == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &count, NULL);
    hid_t attribute =
        object < 0 ? -1 : H5Acreate2(object, key, type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (attribute >= 0 && H5Tis_variable_str(type) <= 0) H5Awrite(attribute, type, data);
    if (attribute >= 0) H5Aclose(attribute);
    if (object >= 0) H5Oclose(object);
    H5Sclose(space);
    H5Tclose(type);
    free(data);
}

static void make_link(Recipe *recipe)
{
    const char *name = next_name(recipe);
    unsigned kind = next_byte(recipe) % 3;
    const char *target = next_name(recipe);
    hid_t creation = link_creation();
    make_groups(recipe, name);
    if (kind == 0) H5Lcreate_hard(recipe->file, target, recipe->file, name, creation, H5P_DEFAULT);
    if (kind == 1) H5Lcreate_soft(target, recipe->file, name, creation, H5P_DEFAULT);
    if (kind == 2)
        H5Lcreate_external("/etc/hostname", target, recipe->file, name, creation, H5P_DEFAULT);
    H5Pclose(creation);
}

static void follow(Recipe *recipe)
{
    while (recipe->at < recipe->end) switch (next_byte(recipe) % 5) {
        case 0:
            make_array(recipe);
            break;
        case 1:
            make_texts(recipe);
            break;
        case 2:
            make_attribute(recipe, false);
            break;
        case 3:
            make_attribute(recipe, true);
            break;
        default:
            make_link(recipe);
        }
}

/* Returns whether an array may be compressed. */
static bool make_file(const char *path, const uint8_t *data, size_t bytes)
{
    hid_t creation = H5Pcreate(H5P_FILE_CREATE), access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_link_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V18);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    Recipe recipe = {data, data + bytes, H5Fcreate(path, H5F_ACC_TRUNC, creation, access), false};
    FUZZ_REQUIRE(recipe.file >= 0);
    follow(&recipe);
    H5Fclose(recipe.file);
    H5Pclose(access);
    H5Pclose(creation);
    return recipe.compressed;
}

const char *h5_recipe(const uint8_t *data, size_t bytes, int kind)
{
    static const uint8_t signature[] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1A, '\n'};
    setenv("HDF5_USE_FILE_LOCKING", "FALSE", 0);
    bool is_file = bytes >= sizeof signature && memcmp(data, signature, sizeof signature) == 0;
    const char *path = fuzz_file(data, is_file ? bytes : 0);
    bool compressed = is_file || make_file(path, data, bytes);
    Seal seal = {.kind = (SealKind)kind, .version = 1};
    Error err = {0};
    FUZZ_REQUIRE(seal_write(path, &seal, &err));
    struct stat info;
    FUZZ_REQUIRE(stat(path, &info) == 0);
    fuzz_allow((size_t)info.st_size, compressed ? FACTOR_COMPRESSED : FACTOR);
    return path;
}
