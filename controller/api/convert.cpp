// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/api/reviews_test.cpp, and on a real API server by tests/system/crds_test.py.
#include "compiler/resources/convert.h"

#include "controller/api/json_slices.h"
#include "controller/api/reviews.h"

namespace smic::api {
namespace {

constexpr std::string_view kApiVersion = "apiextensions.k8s.io/v1";

Response malformed(std::string_view why) {
  return status_response(400, "BadRequest", "no ConversionReview: " + std::string(why));
}

std::expected<std::string, std::string> converted(std::string_view json,
                                                  const std::string& api_version) {
  auto object = resources::value_of_json(json);
  if (!object) return std::unexpected("it cannot be read as JSON");
  const auto result = resources::convert(std::move(*object), api_version);
  if (!result) return std::unexpected(result.error());
  return print_json(*result);
}

std::string name_of(std::string_view json) {
  const auto members = json_members(json);
  const auto metadata = members ? json_members(find(*members, "metadata")) : std::nullopt;
  if (!metadata) return "an object without metadata";
  return json_text(find(*metadata, "namespace")).value_or("") + '/' +
         json_text(find(*metadata, "name")).value_or("");
}

// `objects` is a JSON list's inside.
Response answer(const std::string& uid, const std::string& objects, const std::string& failure) {
  Response response;
  response.body = R"({"apiVersion":")" + std::string(kApiVersion) +
                  R"(","kind":"ConversionReview","response":{"uid":)" + json_quoted(uid) +
                  R"(,"convertedObjects":[)" + (failure.empty() ? objects : "") + "]," +
                  (failure.empty() ? R"("result":{"status":"Success"})"
                                   : R"("result":{"status":"Failure","message":)" +
                                         json_quoted(failure) + "}") +
                  "}}\n";
  return response;
}

}  // namespace

Response convert(const Request& request) {
  const auto review = json_members(request.body);
  if (!review) return malformed("it is no JSON object");
  if (json_text(find(*review, "apiVersion")) != kApiVersion) {
    return malformed("only " + std::string(kApiVersion) + " is spoken");
  }
  const auto asked = json_members(find(*review, "request"));
  const auto objects = asked ? json_items(find(*asked, "objects")) : std::nullopt;
  const auto uid = asked ? json_text(find(*asked, "uid")) : std::nullopt;
  const auto version = asked ? json_text(find(*asked, "desiredAPIVersion")) : std::nullopt;
  if (!objects || !uid || !version) return malformed("its request is not complete");
  std::string results;
  for (const std::string_view object : *objects) {
    const auto result = converted(object, *version);
    if (!result) return answer(*uid, "", name_of(object) + ": " + result.error());
    if (!results.empty()) results += ',';
    results += *result;
  }
  return answer(*uid, results, "");
}

std::vector<Route> review_routes(std::function<model::Options()> options, InMesh in_mesh) {
  Route to_convert;
  to_convert.path = "/convert";
  to_convert.methods = {"POST"};
  to_convert.max_body = kMaxConversionBody;
  to_convert.handle = convert;
  Route to_validate;
  to_validate.path = "/validate";
  to_validate.methods = {"POST"};
  to_validate.max_body = kMaxAdmissionBody;
  to_validate.handle = [options = std::move(options),
                        in_mesh = std::move(in_mesh)](const Request& request) {
    return validate(request, options(), in_mesh);
  };
  return {to_convert, to_validate};
}

}  // namespace smic::api
