/*
 * CRC-32C (Castagnoli), the checksum of iSCSI and of TensorBoard's event files. It finds damage, not malice.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(const void *data, size_t bytes);
