// SPDX-License-Identifier: Apache-2.0
// What the Kubernetes API asks us about SMI objects: to write them in another version
// (ConversionReview), and whether they may be written at all (AdmissionReview). Neither answer
// depends on what else there is, so any replica can give it, also one that has just started; only
// the warnings beside it do.
#pragma once

#include <functional>
#include <vector>

#include "compiler/model/model.h"
#include "controller/api/judge.h"
#include "controller/api/route.h"

namespace smic::api {

// POST /convert. An object that is valid in its own version is always converted: a list with one
// that is not cannot be read at all.
Response convert(const Request& request);

// Reviews hold a whole page of a list.
inline constexpr std::size_t kMaxConversionBody = std::size_t{128} << 20;

// POST /validate. Only the object itself is a reason to refuse it.
Response validate(const Request& request, const model::Options& options,
                  const InMesh& in_mesh = nullptr);

// An object, and the one before, each of no more than etcd takes.
inline constexpr std::size_t kMaxAdmissionBody = std::size_t{16} << 20;

// `options`: as they are at that moment; from any thread.
std::vector<Route> review_routes(std::function<model::Options()> options, InMesh in_mesh);

}  // namespace smic::api
