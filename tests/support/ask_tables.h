// SPDX-License-Identifier: Apache-2.0
// Tables that may be anything check_tables() lets through: asked a few requests and splits, they
// must answer within their shape.
#pragma once

#include <cstdint>

#include "contract/image.h"

namespace smic::test {

bool answers_in_shape(const std::uint8_t* tables, const contract::Shape& shape);

}  // namespace smic::test
