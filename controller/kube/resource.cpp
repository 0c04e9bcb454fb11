// SPDX-License-Identifier: Apache-2.0
#include "controller/kube/resource.h"

namespace smic::kube {

std::string Resource::collection(std::string_view ns) const {
  std::string path = group.empty() ? "/api/" + version : "/apis/" + group + '/' + version;
  if (!ns.empty()) path += "/namespaces/" + percent_encoded(ns);
  return path + '/' + plural;
}

std::string Resource::object(std::string_view ns, std::string_view name) const {
  return collection(ns) + '/' + percent_encoded(name);
}

std::string percent_encoded(std::string_view text) {
  static constexpr std::string_view kUnreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (kUnreserved.contains(c)) {
      encoded += c;
    } else {
      encoded += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return encoded;
}

}  // namespace smic::kube
