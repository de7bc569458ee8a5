#pragma once
#include <libxml/xmlversion.h>
// Debian's headers bring ICU's, which are at odds with the ICU inside Foundation. Only the layout of encoding handlers
// hangs on it, which nothing here touches.
#undef LIBXML_ICU_ENABLED
#include <libxml/xmlreader.h>
