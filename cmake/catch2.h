// SPDX-License-Identifier: Apache-2.0
// Parsed once for all tests (SmicPrecompiled.cmake).
#include "cmake/standard_library.h"

#include <catch2/catch.hpp>
