#pragma once

/* The first seven hex digits of the commit that the program is built from, as a number. Package.swift sets LARDER_COMMIT to
   it if the environment has a commit, as in `make ship`; otherwise it is -1. */
#ifndef LARDER_COMMIT
#define LARDER_COMMIT -1
#endif
static const int larder_commit = LARDER_COMMIT;
