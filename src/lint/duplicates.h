/* Pictures that are the same pixel for pixel, whatever their files are; private to lint. */
#pragma once

#include "clusters.h"

Clusters duplicates_find(const Inspection *inspection);
