/* Random erasing (Zhong et al. 2020), with torchvision's choice of the rectangle: part of the network's input
 * becomes the mean colour or noise. */
#include "augmentation.h"

#include <math.h>

enum { FILL_MEAN, FILL_NOISE };
static const char *const fills[] = {"mean", "noise", NULL};

typedef struct Erase {
    double probability;
    OptionFloats area, ratio;
    int fill;
} Erase;

static const Option options[] = {
    {.key = "erase.probability",
     .type = OPTION_FLOAT,
     .offset = offsetof(Erase, probability),
     .fallback = "0",
     .low = 0,
     .high = 1,
     .help = "share of the pictures of which a rectangle is erased"},
    {.key = "erase.area",
     .type = OPTION_FLOATS,
     .elements = 2,
     .offset = offsetof(Erase, area),
     .fallback = "[0.02, 0.33]",
     .low = 1e-4,
     .high = 1,
     .help = "least and largest share of the picture that is erased"},
    {.key = "erase.ratio",
     .type = OPTION_FLOATS,
     .elements = 2,
     .offset = offsetof(Erase, ratio),
     .fallback = "[0.3, 3.3]",
     .low = 0.01,
     .high = 100,
     .help = "least and largest height / width of the rectangle"},
    {.key = "erase.fill",
     .type = OPTION_CHOICE,
     .offset = offsetof(Erase, fill),
     .fallback = "mean",
     .choices = fills,
     .help = "what it becomes: the mean colour, or normal noise in every value"},
    {.key = NULL},
};

static bool is_on(const void *values)
{
    const Erase *erase = values;
    return erase->probability > 0;
}

static void erase_rectangle(const Erase *erase, Random *random, float *input, int side, Rect rect)
{
    for (int y = rect.y; y < rect.y + rect.height; y++)
        for (int i = 3 * rect.x; i < 3 * (rect.x + rect.width); i++)
            input[3 * (size_t)y * (size_t)side + (size_t)i] =
                erase->fill == FILL_NOISE ? (float)random_normal(random) : 0;
}

static void apply(const void *values, Random *random, float *input, int side)
{
    const Erase *erase = values;
    if (random_uniform(random) >= erase->probability) return;
    double low = log(erase->ratio.value[0]), high = log(erase->ratio.value[1]);
    for (int attempt = 0; attempt < 10; attempt++) {
        double share = draw_between(random, erase->area.value[0], erase->area.value[1]);
        double area = (double)side * side * share, ratio = exp(draw_between(random, low, high));
        int height = (int)rint(sqrt(area * ratio)), width = (int)rint(sqrt(area / ratio));
        if (height >= side || width >= side) continue;
        Rect rect = {.width = width, .height = height};
        rect.y = (int)random_below(random, (uint32_t)(side - height + 1));
        rect.x = (int)random_below(random, (uint32_t)(side - width + 1));
        erase_rectangle(erase, random, input, side, rect);
        return;
    }
}

const Augmentation augment_erase = {.name = "erase",
                                    .options = options,
                                    .options_bytes = sizeof(Erase),
                                    .is_on = is_on,
                                    .input = apply};
