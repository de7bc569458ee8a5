#pragma once
#include <png.h>
#include <string.h>

// libpng's simplified interface takes a struct that begins as zeros and holds its version; macros do not import.
static inline png_image strata_png_rgb(png_uint_32 width, png_uint_32 height) {
  png_image image;
  memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  image.width = width;
  image.height = height;
  image.format = PNG_FORMAT_RGB;
  return image;
}
