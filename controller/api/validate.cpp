// SPDX-License-Identifier: Apache-2.0
// What stands is never a reason to refuse: an update that leaves the object's own fields alone
// (metadata, finalizers, a controller's labels) passes, and so does one of an object that is on its
// way out. Otherwise an object that predates the webhook could not even be deleted.
//
// Tested by tests/unit/api/reviews_test.cpp and tests/system/admission_test.py.
#include "compiler/resources/value.h"
#include "controller/api/json_slices.h"
#include "controller/api/reviews.h"

namespace smic::api {
namespace {

constexpr std::string_view kApiVersion = "admission.k8s.io/v1";
// What the API server passes on: longer warnings are cut off there, in the middle of a word.
constexpr std::size_t kMaxWarnings = 12;
constexpr std::size_t kMaxWarningBytes = 250;
constexpr std::size_t kMaxMistakes = 10;

Response malformed(std::string_view why) {
  return status_response(400, "BadRequest", "no AdmissionReview: " + std::string(why));
}

// Its own fields alone.
std::optional<resources::Value> body_of(std::string_view json) {
  auto value = resources::value_of_json(json);
  if (!value || !value->as<resources::Value::Members>()) return std::nullopt;
  for (const char* name : {"metadata", "status"}) value->take(name);
  return value;
}

bool is_deleted(std::string_view object) {
  const auto members = json_members(object);
  const auto metadata = members ? json_members(find(*members, "metadata")) : std::nullopt;
  return metadata && json_text(find(*metadata, "deletionTimestamp")).has_value();
}

bool nothing_to_judge(std::string_view object, std::string_view old_object) {
  if (is_deleted(object)) return true;
  const auto before = body_of(old_object), after = body_of(object);
  return before && after && *before == *after;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (std::size_t i = 0; i < lines.size() && i < kMaxMistakes; ++i) {
    text += (text.empty() ? "" : "; ") + lines[i];
  }
  if (lines.size() > kMaxMistakes) {
    text += "; and " + std::to_string(lines.size() - kMaxMistakes) + " more";
  }
  return text;
}

// At a character's end.
std::string cut(std::string text) {
  if (text.size() <= kMaxWarningBytes) return text;
  std::size_t size = kMaxWarningBytes - 3;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size) + "...";
}

Response answer(const std::string& uid, const Judgement& judgement) {
  std::string warnings;
  for (std::size_t i = 0; i < judgement.warnings.size() && i < kMaxWarnings; ++i) {
    warnings += (warnings.empty() ? "" : ",") + json_quoted(cut(judgement.warnings[i]));
  }
  Response response;
  response.body = R"({"apiVersion":")" + std::string(kApiVersion) +
                  R"(","kind":"AdmissionReview","response":{"uid":)" + json_quoted(uid) +
                  R"(,"allowed":)" + (judgement.mistakes.empty() ? "true" : "false") +
                  R"(,"warnings":[)" + warnings + "]";
  if (!judgement.mistakes.empty()) {
    response.body += R"(,"status":{"code":422,"reason":"Invalid","message":)" +
                     json_quoted(joined(judgement.mistakes)) + "}";
  }
  response.body += "}}\n";
  return response;
}

}  // namespace

Response validate(const Request& request, const model::Options& options, const InMesh& in_mesh) {
  const auto review = json_members(request.body);
  if (!review) return malformed("it is no JSON object");
  if (json_text(find(*review, "apiVersion")) != kApiVersion) {
    return malformed("only " + std::string(kApiVersion) + " is spoken");
  }
  const auto asked = json_members(find(*review, "request"));
  const auto uid = asked ? json_text(find(*asked, "uid")) : std::nullopt;
  if (!uid) return malformed("its request is not complete");
  const std::string_view object = find(*asked, "object");
  if (object.empty() || object == "null") return answer(*uid, {});  // a deletion
  if (nothing_to_judge(object, find(*asked, "oldObject"))) return answer(*uid, {});
  return answer(*uid, judge(std::string(object), options, in_mesh));
}

}  // namespace smic::api
