#pragma once
#include <curl/curl.h>

/* curl_easy_setopt and its friends are variadic, which Swift cannot call: one typed door for each kind of argument. */
