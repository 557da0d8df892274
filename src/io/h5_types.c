/* Element types and shapes of arrays in HDF5. */
#include "h5_native.h"

#include "base/error.h"

hid_t h5_memory_type(H5Type type)
{
    switch (type) {
    case H5_U8:
        return H5T_NATIVE_UINT8;
    case H5_I32:
        return H5T_NATIVE_INT32;
    case H5_I64:
        return H5T_NATIVE_INT64;
    case H5_U64:
        return H5T_NATIVE_UINT64;
    case H5_F32:
        return H5T_NATIVE_FLOAT;
    case H5_F64:
        return H5T_NATIVE_DOUBLE;
    }
    die("HDF5: unknown element type %d", (int)type);
}

hid_t h5_stored_type(H5Type type)
{
    switch (type) {
    case H5_U8:
        return H5T_STD_U8LE;
    case H5_I32:
        return H5T_STD_I32LE;
    case H5_I64:
        return H5T_STD_I64LE;
    case H5_U64:
        return H5T_STD_U64LE;
    case H5_F32:
        return H5T_IEEE_F32LE;
    case H5_F64:
        return H5T_IEEE_F64LE;
    }
    die("HDF5: unknown element type %d", (int)type);
}

const char *h5_type_name(H5Type type)
{
    static const char *const names[] = {"uint8", "int32", "int64", "uint64", "float32", "float64"};
    return names[type];
}

bool h5_find_type(hid_t stored, H5Type *type)
{
    for (int t = H5_U8; t <= H5_F64; t++)
        if (H5Tequal(stored, h5_stored_type((H5Type)t)) > 0) {
            *type = (H5Type)t;
            return true;
        }
    return false;
}

uint64_t h5_elements(H5Shape shape)
{
    uint64_t count = 1;
    for (int i = 0; i < shape.rank; i++) count *= shape.dim[i];
    return count;
}
