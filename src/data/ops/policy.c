/* Changes and their strengths, as torchvision's RandAugment and TrivialAugmentWide have them; geometry is
 * bilinear here. */
#include "policy.h"

#include <math.h>

static void identity(Frame *frame, double amount)
{
    (void)frame;
    (void)amount;
}

static void shear_x(Frame *frame, double amount)
{
    frame_affine(frame, (const double[6]){1, amount, 0, 0, 1, 0});
}

static void shear_y(Frame *frame, double amount)
{
    frame_affine(frame, (const double[6]){1, 0, 0, amount, 1, 0});
}

/* By whole pixels. */
static void translate_x(Frame *frame, double amount)
{
    frame_affine(frame, (const double[6]){1, 0, -trunc(amount), 0, 1, 0});
}

static void translate_y(Frame *frame, double amount)
{
    frame_affine(frame, (const double[6]){1, 0, 0, 0, 1, -trunc(amount)});
}

static void brighten(Frame *frame, double amount)
{
    frame_brightness(frame, 1 + amount);
}

static void saturate(Frame *frame, double amount)
{
    frame_saturation(frame, 1 + amount);
}

static void part_tones(Frame *frame, double amount)
{
    frame_contrast(frame, 1 + amount);
}

static void sharpen(Frame *frame, double amount)
{
    frame_sharpness(frame, 1 + amount);
}

static void posterize(Frame *frame, double amount)
{
    frame_posterize(frame, (int)rint(amount));
}

static void autocontrast(Frame *frame, double amount)
{
    (void)amount;
    frame_autocontrast(frame);
}

static void equalize(Frame *frame, double amount)
{
    (void)amount;
    frame_equalize(frame);
}

/* The amount at the lowest and at the highest level. */
typedef struct Span {
    double low, high;
} Span;

typedef struct Change {
    void (*apply)(Frame *frame, double amount);
    bool has_sign;
    bool of_side[POLICY_SPACES]; /* the amount is a share of the picture's side */
    Span span[POLICY_SPACES];
} Change;

static const Change changes[POLICY_CHANGES] = {
    {identity, false, {0}, {{0, 0}, {0, 0}}},
    {shear_x, true, {0}, {{0, 0.3}, {0, 0.99}}},
    {shear_y, true, {0}, {{0, 0.3}, {0, 0.99}}},
    {translate_x, true, {true, false}, {{0, 150.0 / 331}, {0, 32}}},
    {translate_y, true, {true, false}, {{0, 150.0 / 331}, {0, 32}}},
    {frame_rotate, true, {0}, {{0, 30}, {0, 135}}},
    {brighten, true, {0}, {{0, 0.9}, {0, 0.99}}},
    {saturate, true, {0}, {{0, 0.9}, {0, 0.99}}},
    {part_tones, true, {0}, {{0, 0.9}, {0, 0.99}}},
    {sharpen, true, {0}, {{0, 0.9}, {0, 0.99}}},
    {posterize, false, {0}, {{8, 4}, {8, 2}}},
    {frame_solarize, false, {0}, {{255, 0}, {255, 0}}},
    {autocontrast, false, {0}, {{0, 0}, {0, 0}}},
    {equalize, false, {0}, {{0, 0}, {0, 0}}},
};

void policy_apply(Frame *frame, PolicySpace space, int change, int level, bool negative)
{
    const Change *row = &changes[change];
    const Span *span = &row->span[space];
    double amount = span->low + (span->high - span->low) * level / (POLICY_LEVELS - 1);
    if (row->of_side[space]) amount *= frame->side;
    row->apply(frame, row->has_sign && negative ? -amount : amount);
}
