// SPDX-License-Identifier: Apache-2.0
// Tested by objects_test.cpp, fuzzed by tests/fuzz/fuzz_kube.cpp.
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "controller/kube/objects.h"

namespace smic::kube {
namespace {

namespace json = boost::json;

constexpr std::size_t kDepth = 200;  // as of compiler/resources; far more than schemas allow
constexpr std::size_t kLongestQuote = 200;

constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";
constexpr std::string_view kIdentity[] = {
    "name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "generation"};

std::string_view view(json::string_view text) { return {text.data(), text.size()}; }

const json::object* object_in(const json::object& parent, std::string_view key) {
  const json::value* value = parent.if_contains(key);
  return value == nullptr ? nullptr : value->if_object();
}

std::string text_in(const json::object& parent, std::string_view key) {
  const json::value* value = parent.if_contains(key);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(view(*text));
}

// The value lives as long as the resource.
class Document {
 public:
  explicit Document(std::string_view text) {
    json::parse_options options;
    options.max_depth = kDepth;
    value_ = json::parse(text, error_, &memory_, options);
  }
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  const json::object* root() const { return error_ ? nullptr : value_.if_object(); }
  std::string reason() const { return error_ ? error_.message() : "it is no object"; }

 private:
  json::monotonic_resource memory_;
  json::error_code error_;
  json::value value_ = json::value(json::storage_ptr(&memory_));
};

std::unexpected<ApiError> unreadable(const std::string& what) {
  return fault(Fault::unreadable, "the API's answer cannot be read: " + what);
}

json::value kept(const json::value& value, const Keep& keep, const json::storage_ptr& memory) {
  if (keep.whole()) return json::value(value, memory);
  if (const json::array* list = value.if_array()) {
    json::array items(memory);
    for (const json::value& item : *list) items.push_back(kept(item, keep, memory));
    return items;
  }
  const json::object* object = value.if_object();
  if (object == nullptr) return json::value(value, memory);  // null, which means absent
  json::object fields(memory);
  for (const auto& [key, field] : *object) {
    if (const Keep* below = keep.below(view(key))) fields[key] = kept(field, *below, memory);
  }
  return fields;
}

json::object kept_metadata(const json::object& metadata, const Keep* keep,
                           const json::storage_ptr& memory) {
  json::object fields(memory);
  for (const std::string_view key : kIdentity) {
    if (const json::value* value = metadata.if_contains(key)) fields[key] = *value;
  }
  if (keep == nullptr) return fields;
  for (const std::string_view key : {"labels", "annotations", "ownerReferences"}) {
    const Keep* below = keep->below(key);
    const json::value* value = metadata.if_contains(key);
    if (below == nullptr || value == nullptr) continue;
    fields[key] = kept(*value, *below, memory);
    if (json::object* map = fields[key].if_object()) map->erase(kLastApplied);
  }
  return fields;
}

// The one control character that JSON lets stand and manifests do not.
std::string escape_delete(std::string text) {
  for (std::size_t at = 0; (at = text.find('\x7F', at)) != text.npos; at += 6) {
    text.replace(at, 1, "\\u007f");
  }
  return text;
}

ApiResult<Object> read_object(const json::value& value, const Shape& shape) {
  const json::object* root = value.if_object();
  const json::object* metadata = root == nullptr ? nullptr : object_in(*root, "metadata");
  if (metadata == nullptr) return unreadable("an object without metadata");
  Object object{.ns = text_in(*metadata, "namespace"),
                .name = text_in(*metadata, "name"),
                .version = text_in(*metadata, "resourceVersion")};
  if (object.name.empty()) return unreadable("an object without a name");
  json::monotonic_resource memory;
  json::object shrunk(&memory);
  shrunk["apiVersion"] = shape.api_version;
  shrunk["kind"] = shape.kind;
  shrunk["metadata"] = kept_metadata(*metadata, shape.keep.below("metadata"), &memory);
  for (const auto& [key, field] : *root) {
    if (shrunk.contains(key)) continue;
    if (const Keep* below = shape.keep.below(view(key))) shrunk[key] = kept(field, *below, &memory);
  }
  object.text = escape_delete(json::serialize(shrunk));
  return object;
}

// A Status object: in the body of a refusal, and as the object of an ERROR event.
ApiError read_status_object(const json::object& status, int http_status) {
  ApiError error{.message = text_in(status, "message"),
                 .status = http_status,
                 .reason = text_in(status, "reason")};
  if (const json::value* code = status.if_contains("code"); code != nullptr && code->is_int64()) {
    const std::int64_t number = code->get_int64();
    if (number >= 100 && number <= 599) error.status = static_cast<int>(number);
  }
  error.fault = error.reason == "Expired" ? Fault::expired : fault_of_status(error.status);
  if (error.message.empty()) error.message = "HTTP " + std::to_string(error.status);
  const json::object* details = object_in(status, "details");
  if (details == nullptr) return error;
  if (const json::value* wait = details->if_contains("retryAfterSeconds");
      wait != nullptr && wait->is_int64() && wait->get_int64() > 0) {
    error.retry_after = std::chrono::seconds(std::min<std::int64_t>(wait->get_int64(), 300));
  }
  const json::value* causes = details->if_contains("causes");
  if (causes == nullptr || !causes->is_array()) return error;
  for (const json::value& cause : causes->get_array()) {
    const json::object* fields = cause.if_object();
    if (fields == nullptr) continue;
    const std::string field = text_in(*fields, "field");
    error.causes.push_back((field.empty() ? "" : field + ": ") + text_in(*fields, "message"));
  }
  return error;
}

ApiError read_any_failure(int status, std::string_view body) {
  const Document document(body);
  if (const json::object* root = document.root(); root && text_in(*root, "kind") == "Status") {
    return read_status_object(*root, status);
  }
  const std::string_view start = body.substr(0, std::min(body.find('\n'), kLongestQuote));
  return {.fault = fault_of_status(status),
          .message =
              "HTTP " + std::to_string(status) + (start.empty() ? "" : ": " + std::string(start)),
          .status = status};
}

}  // namespace

Keep::Keep(std::initializer_list<std::string_view> paths) {
  for (const std::string_view path : paths) add(path);
}

void Keep::add(std::string_view path) {
  const std::size_t dot = std::min(path.find('.'), path.size());
  auto below = below_.try_emplace(std::string(path.substr(0, dot)), Keep());
  if (dot < path.size()) below.first->second.add(path.substr(dot + 1));
}

const Keep* Keep::below(std::string_view key) const {
  const auto found = below_.find(key);
  return found == below_.end() ? nullptr : &found->second;
}

ApiResult<Page> read_page(std::string_view text, const Shape& shape) {
  const Document document(text);
  const json::object* root = document.root();
  if (root == nullptr) return unreadable(document.reason());
  const json::object* metadata = object_in(*root, "metadata");
  const json::value* items = root->if_contains("items");
  if (metadata == nullptr || items == nullptr) return unreadable("this is no list");
  Page page{.version = text_in(*metadata, "resourceVersion"),
            .next = text_in(*metadata, "continue")};
  if (page.version.empty()) return unreadable("a list without resourceVersion");
  if (items->is_null()) return page;
  if (!items->is_array()) return unreadable("`items` is no list");
  for (const json::value& item : items->get_array()) {
    auto object = read_object(item, shape);
    if (!object) return std::unexpected(object.error());
    page.objects.push_back(std::move(*object));
  }
  return page;
}

ApiResult<Event> read_event(std::string_view text, const Shape& shape) {
  const Document document(text);
  const json::object* root = document.root();
  if (root == nullptr) return unreadable(document.reason());
  const std::string type = text_in(*root, "type");
  const json::value* value = root->if_contains("object");
  if (value == nullptr || !value->is_object()) return unreadable("an event without object");
  if (type == "ERROR") return std::unexpected(read_status_object(value->get_object(), 500));
  Event event;
  if (type == "BOOKMARK") {
    const json::object* metadata = object_in(value->get_object(), "metadata");
    if (metadata != nullptr) event.object.version = text_in(*metadata, "resourceVersion");
  } else if (type == "ADDED" || type == "MODIFIED" || type == "DELETED") {
    event.type = type == "DELETED" ? Event::Type::removed : Event::Type::put;
    auto object = read_object(*value, shape);
    if (!object) return std::unexpected(object.error());
    event.object = std::move(*object);
  } else {
    return unreadable("an event of unknown type");
  }
  if (event.object.version.empty()) return unreadable("an event without resourceVersion");
  return event;
}

ApiError read_failure(int status, std::string_view body) {
  ApiError failure = read_any_failure(status, body);
  if (failure.fault == Fault::forbidden) {
    failure.causes.push_back("deploy/rbac grants what smic needs");
  }
  return failure;
}

ApiResult<std::vector<std::string>> read_group_versions(std::string_view text) {
  const Document document(text);
  const json::object* root = document.root();
  if (root == nullptr) return unreadable(document.reason());
  const json::value* list = root->if_contains("versions");
  if (list == nullptr || !list->is_array()) return unreadable("this is no API group");
  std::vector<std::string> versions;
  for (const json::value& each : list->get_array()) {
    if (const json::object* fields = each.if_object()) {
      versions.push_back(text_in(*fields, "version"));
    }
  }
  return versions;
}

}  // namespace smic::kube
