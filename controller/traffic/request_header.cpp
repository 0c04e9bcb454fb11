// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/traffic/request_header_test.cpp.
#include "controller/traffic/request_header.h"

#include "compiler/resources/value.h"

namespace smic::traffic {

using resources::Value;

Result<RequestHeader> read_request_header(std::string_view config_map) {
  const auto object = resources::value_of_json(config_map);
  const Value* data = object ? object->find("data") : nullptr;
  if (data == nullptr) return fail("the API server's authentication settings are no ConfigMap");
  RequestHeader read{data->text("requestheader-client-ca-file"), {}};
  const auto names = resources::value_of_json(data->text("requestheader-allowed-names"));
  const auto* list = names ? names->as<Value::List>() : nullptr;
  if (list == nullptr) {
    // Without the list it would be anybody whom that authority vouches for: then nobody is better.
    if (data->find("requestheader-allowed-names") == nullptr) return RequestHeader{};
    return fail("`requestheader-allowed-names` is no list");
  }
  for (const Value& name : *list) {
    const auto* text = name.as<std::string>();
    if (text == nullptr) return fail("`requestheader-allowed-names` has what is no name");
    read.allowed.push_back(*text);
  }
  return read;
}

}  // namespace smic::traffic
