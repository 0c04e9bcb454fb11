// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "compiler/ir/ir.h"

namespace smic::ir {
namespace {

// By the value of contract::Method; kOther has no name.
constexpr std::array<std::string_view, contract::kMethodCount> kMethodNames = {
    "", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};

}  // namespace

std::string to_string(const ServiceRef& service) { return service.ns + "/" + service.name; }

std::string to_string(const Identity& identity) { return identity.ns + "/" + identity.name; }

std::string_view method_name(Method method) {
  return kMethodNames[static_cast<std::uint32_t>(method)];
}

std::optional<Method> method_from_name(std::string_view name) {
  for (std::uint32_t i = 1; i < contract::kMethodCount; ++i) {
    if (kMethodNames[i] == name) return static_cast<Method>(i);
  }
  return std::nullopt;
}

}  // namespace smic::ir
