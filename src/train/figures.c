/* Named numbers of a result. */
#include "figures.h"

void figures_json(const Figure *figures, const void *result, HeadMeasure measure, Json *json)
{
    for (const Figure *figure = figures; figure->key; figure++)
        if (figure->measures & 1U << measure)
            json_add_real(json, figure->key,
                          *(const double *)((const char *)result + figure->offset));
}
