/*
 * Classifies image files with a trained model: an example of libumbel.
 *
 *     cc classify.c -o classify $(pkg-config --cflags --libs umbel)
 *     ./classify runs/parts/checkpoint/best-joint photo.jpg
 *     photo.jpg  type: bolt 97.1 %  part: m3 88.0 %
 */
#include <stdio.h>
#include <stdlib.h>
#include <umbel.h>

/* The whole file, from malloc; NULL if it cannot be read. */
static unsigned char *read_file(const char *path, size_t *bytes)
{
    unsigned char *data = NULL;
    FILE *file = fopen(path, "rb");
    long length = file && fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    if (length > 0) data = (unsigned char *)malloc((size_t)length);
    if (data) {
        rewind(file);
        *bytes = fread(data, 1, (size_t)length, file);
    }
    if (file) fclose(file);
    return data;
}

/* One line: each head's best class and how probable it is. */
static void print_heads(const UmbelModel *model, const UmbelContext *context, const char *path)
{
    printf("%s", path);
    for (int head = 0; head < umbel_head_count(model); head++) {
        int best = umbel_best_class(context, 0, head);
        double probability = (double)umbel_probabilities(context, 0, head)[best];
        printf("  %s: %s %.1f %%", umbel_head_name(model, head),
               umbel_class_name(model, head, best), 100 * probability);
    }
    printf("\n");
}

/* Returns 1 if the file could not be read, else 0. */
static int classify(const UmbelModel *model, UmbelContext *context, const char *path)
{
    size_t bytes = 0;
    unsigned char *data = read_file(path, &bytes);
    UmbelImage image = umbel_file(data, bytes);
    int bad = umbel_classify(context, &image, 1, NULL) != 1;
    if (bad)
        fprintf(stderr, "%s: %s\n", path, data ? umbel_problem(context, 0) : "cannot be read");
    else
        print_heads(model, context, path);
    free(data);
    return bad;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: classify CHECKPOINT IMAGE...\n");
        return 2;
    }
    UmbelError error;
    UmbelModel *model = umbel_load(argv[1], &error);
    UmbelContext *context = model ? umbel_context_create(model, 1, &error) : NULL;
    if (!context) {
        fprintf(stderr, "%s\n", error.text);
        umbel_free(model);
        return 1;
    }
    int bad = 0;
    for (int i = 2; i < argc; i++) bad |= classify(model, context, argv[i]);
    umbel_context_free(context);
    umbel_free(model);
    return bad;
}
