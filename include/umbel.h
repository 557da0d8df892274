/*
 * libumbel: run a model that umbel has trained.
 *
 * An UmbelModel is a loaded checkpoint. It is never changed: any number of threads may use one. An
 * UmbelContext holds what a run of it needs, workspace and results: one thread at a time may use one,
 * so make one per thread. A call computes on the thread that makes it; the library starts none.
 *
 * Images are prepared as `umbel eval` prepares them, and computed in the same lanes: `batch` images
 * of a call are cut into lanes of as many images as the model was trained with. So results have the
 * bits of an evaluation if the images come in its order and the calls hold whole lanes (or all
 * images); in other company an image's numbers can differ in the last bits. See docs/library.md for
 * what that holds for, and for programs that use OpenBLAS or HDF5 themselves.
 *
 * Nothing is printed, and no mistake, image or checkpoint ends the process: a function that can fail
 * takes an UmbelError, which may be NULL, and fills it. Only if the system refuses memory for
 * something small does the process end, after one line on standard error; memory for a model or a
 * context that is not there is an UmbelError. Pointers must not be NULL unless it is said.
 */
#ifndef UMBEL_H
#define UMBEL_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define UMBEL_API __attribute__((visibility("default")))
#else
#define UMBEL_API
#endif

/* "0.1.0" */
UMBEL_API const char *umbel_version(void);

/* --- errors --- */

typedef enum UmbelErrorKind {
    UMBEL_ERROR_NONE = 0,
    UMBEL_ERROR_ARGUMENT = 1, /* of the call */
    UMBEL_ERROR_DATA = 2,     /* checkpoint, image */
    UMBEL_ERROR_SYSTEM = 3,   /* file system, memory, CPU */
} UmbelErrorKind;

enum { UMBEL_TEXT_BYTES = 4096 };

typedef struct UmbelError {
    UmbelErrorKind kind;
    char text[UMBEL_TEXT_BYTES]; /* what, on which thing, why; lines separated by '\n' */
} UmbelError;

/* --- models --- */

typedef struct UmbelModel UmbelModel;

/* Loads a checkpoint ("runs/parts/checkpoint/best-joint"). The file is not needed afterwards. NULL
 * with an error: there is no such file, it is damaged or no checkpoint, memory is short. Release with
 * umbel_free. Thread-safe. */
UMBEL_API UmbelModel *umbel_load(const char *path, UmbelError *error);

/* After the model's contexts. NULL is allowed. */
UMBEL_API void umbel_free(UmbelModel *model);

/* Heads are numbered from 0, classes of a head too. All texts live as long as the model, in UTF-8. A
 * number out of range gives NULL or 0. */
UMBEL_API int umbel_head_count(const UmbelModel *model);
UMBEL_API const char *umbel_head_name(const UmbelModel *model, int head);
/* What a head says of an image. */
typedef enum UmbelHeadKind {
    UMBEL_HEAD_NONE = 0,    /* there is no such head */
    UMBEL_HEAD_CLASS = 1,   /* one of its classes */
    UMBEL_HEAD_MULTI = 2,   /* any number of its classes at once */
    UMBEL_HEAD_ORDINAL = 3, /* one of its classes, which have an order */
    UMBEL_HEAD_VALUE = 4,   /* a number */
    UMBEL_HEAD_ANGLE = 5,   /* likewise, in [0, full turn) */
} UmbelHeadKind;
UMBEL_API UmbelHeadKind umbel_head_kind(const UmbelModel *model, int head);
/* 0 for numbers. */
UMBEL_API int umbel_class_count(const UmbelModel *model, int head);
UMBEL_API const char *umbel_class_name(const UmbelModel *model, int head, int index);
/* Numbers that umbel_logits gives. */
UMBEL_API int umbel_output_count(const UmbelModel *model, int head);
/* What `umbel calibrate` has found: logits are divided by it where they become probabilities. 1: nothing, or a head
 * without probabilities. */
UMBEL_API double umbel_temperature(const UmbelModel *model, int head);
/* Number of the head of that name; -1: there is none. */
UMBEL_API int umbel_find_head(const UmbelModel *model, const char *name);
/* Length of a feature vector. */
UMBEL_API int umbel_feature_count(const UmbelModel *model);
/* Side of the square that images are brought to, in pixels: larger ones gain nothing. */
UMBEL_API int umbel_input_side(const UmbelModel *model);
/* Images of the lanes that it was trained with, and computes in. */
UMBEL_API int umbel_lane(const UmbelModel *model);

/* --- images --- */

typedef enum UmbelFormat {
    UMBEL_FILE = 0, /* the bytes of a JPEG, PNG or WebP file; turned upright as Exif says */
    UMBEL_RGB = 1,  /* pixels of three bytes: red, green, blue */
} UmbelFormat;

typedef struct UmbelImage {
    UmbelFormat format;
    const void *data;  /* the caller's; only read, and only during the call */
    size_t bytes;      /* UMBEL_FILE: of `data` */
    int width, height; /* UMBEL_RGB: 1 to 32768 pixels each */
    size_t stride;     /* UMBEL_RGB: bytes from one row to the next; 0: 3 * width */
} UmbelImage;

static inline UmbelImage umbel_file(const void *data, size_t bytes)
{
    UmbelImage image = {UMBEL_FILE, data, bytes, 0, 0, 0};
    return image;
}

static inline UmbelImage umbel_rgb(const void *pixels, int width, int height, size_t stride)
{
    UmbelImage image = {UMBEL_RGB, pixels, 0, width, height, stride};
    return image;
}

/* --- runs --- */

typedef struct UmbelContext UmbelContext;

enum { UMBEL_BATCH_MAX = 65536 };

/* A context for calls of up to `batch` images (1 to UMBEL_BATCH_MAX). Its memory is that of one lane
 * and of `batch` results; it grows only with the largest image it meets. NULL with an error: `batch`
 * is out of range or there is no memory. The model must live longer. Release with
 * umbel_context_free. */
UMBEL_API UmbelContext *umbel_context_create(const UmbelModel *model, int batch, UmbelError *error);
/* NULL is allowed. */
UMBEL_API void umbel_context_free(UmbelContext *context);

/* Computes features and all heads of `count` images. Returns how many could be read: the others have
 * a problem and no results. -1 with an error: `count` is not 1 to `batch`, or `images` is NULL; there
 * are no results then. */
UMBEL_API int umbel_classify(UmbelContext *context, const UmbelImage *images, int count,
                             UmbelError *error);

/* Whether the next calls compute each image a second time, mirrored left to right (0: no, as at first), which drops
 * the results of the last call. Probabilities, values and features are then the means over both, and the best class
 * follows from the probabilities; logits stay those of the image itself. Classes that change places in a mirrored image
 * by the configuration (heads[].flips), and numbers that are mirrored, do so here; a head for which it forbids flips keeps what the image itself
 * gives. 0 with an error: there is no memory; else 1. */
UMBEL_API int umbel_set_flip(UmbelContext *context, int flip, UmbelError *error);

/* Results of the last umbel_classify; `image` is an index into its images. They belong to the context
 * and stay until its next call. Numbers out of range, and an image with a problem, give NULL or -1. */

/* Why the image could not be read ("is a damaged JPEG: …"); NULL: it could. */
UMBEL_API const char *umbel_problem(const UmbelContext *context, int image);
/* One per class, from 0 to 1; 1 in total, except for UMBEL_HEAD_MULTI, where a class holds above 1/2. NULL for
 * numbers. */
UMBEL_API const float *umbel_probabilities(const UmbelContext *context, int image, int head);
/* The number of a head of UMBEL_HEAD_VALUE or UMBEL_HEAD_ANGLE, in the unit of its labels; NaN for others. */
UMBEL_API double umbel_value(const UmbelContext *context, int image, int head);
/* What the head's last layer gives: one per class, of which the probabilities are the softmax (UMBEL_HEAD_CLASS) or
 * the sigmoid (UMBEL_HEAD_MULTI) after division by umbel_temperature; of others umbel_output_count numbers. */
UMBEL_API const float *umbel_logits(const UmbelContext *context, int image, int head);
/* The most probable class; of equals the lowest. Of UMBEL_HEAD_ORDINAL the median. -1 for numbers. */
UMBEL_API int umbel_best_class(const UmbelContext *context, int image, int head);
/* What the heads read: umbel_feature_count numbers, for retrieval of similar images. */
UMBEL_API const float *umbel_features(const UmbelContext *context, int image);

#ifdef __cplusplus
}
#endif

#endif
