// SPDX-License-Identifier: Apache-2.0
// What the Kubernetes API asks us about SMI objects: to write them in another version
// (ConversionReview), and whether they may be written at all (AdmissionReview). Pure functions of
// the review: no answer depends on what else there is, so any replica can give it, also one that
// has just started.
#pragma once

#include <vector>

#include "controller/api/route.h"

namespace smic::api {

// POST /convert. An object that is valid in its own version is always converted: a list with one
// that is not cannot be read at all.
Response convert(const Request& request);

// Reviews hold a whole page of a list.
inline constexpr std::size_t kMaxConversionBody = std::size_t{128} << 20;

std::vector<Route> review_routes();

}  // namespace smic::api
