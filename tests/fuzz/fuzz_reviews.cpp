// SPDX-License-Identifier: Apache-2.0
// Any bytes as a review of the API server: the answer is always JSON, and what is converted comes
// back as many objects as there were.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "compiler/resources/value.h"
#include "controller/api/json_slices.h"
#include "controller/api/reviews.h"

namespace {

using namespace smic;

std::size_t count_in(std::string_view json, std::string_view member, std::string_view list) {
  const auto review = api::json_members(json);
  const auto inner = review ? api::json_members(api::find(*review, member)) : std::nullopt;
  const auto items = inner ? api::json_items(api::find(*inner, list)) : std::nullopt;
  return items ? items->size() : 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  api::Request request;
  request.body = std::string(reinterpret_cast<const char*>(data), size);
  const api::Response converted = api::convert(request);
  SMIC_CHECK(resources::value_of_json(converted.body).has_value(), "an answer is no JSON");
  if (converted.status == 200 &&
      converted.body.find(R"("status":"Success")") != std::string::npos) {
    SMIC_CHECK(count_in(converted.body, "response", "convertedObjects") ==
                   count_in(request.body, "request", "objects"),
               "a conversion lost an object");
  }
  const api::Response judged = api::validate(request, {});
  SMIC_CHECK(resources::value_of_json(judged.body).has_value(), "an answer is no JSON");
  return 0;
}
