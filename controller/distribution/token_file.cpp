// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/distribution/gate_test.cpp.
#include <fstream>
#include <sstream>

#include "contract/digest.h"
#include "controller/distribution/gate.h"

namespace smic::distribution {
namespace {

constexpr std::string_view kScheme = "Bearer ";

class TokenFile final : public Gate {
 public:
  explicit TokenFile(std::string path) : path_(std::move(path)) {}

  Verdict may_be(const std::string& token, const std::string& node) override {
    return judge(token, node);
  }
  Verdict may_see_status(const std::string& token) override { return judge(token, "*"); }

 private:
  Verdict judge(const std::string& token, const std::string& whose) const {
    std::ifstream file(path_);
    if (!file) {
      return std::unexpected(
          api::status_response(503, "ServiceUnavailable", "the file of tokens cannot be read"));
    }
    // Hashes are compared, so that the time it takes tells nothing about a token.
    const contract::Hash given = contract::hash_of(token);
    bool known = false;
    std::string line;
    while (std::getline(file, line)) {
      std::istringstream words(line);
      std::string listed, node;
      if (line.starts_with('#') || !(words >> listed >> node)) continue;
      if (contract::hash_of(listed) != given) continue;
      known = true;
      if (node == whose) return {};
    }
    if (!known)
      return std::unexpected(api::status_response(401, "Unauthorized", "the token is not known"));
    return std::unexpected(api::status_response(403, "Forbidden", "the token is not for this"));
  }

  const std::string path_;
};

}  // namespace

std::string bearer_token(const api::Request& request) {
  const std::string_view value = request.header("authorization");
  if (!value.starts_with(kScheme)) return {};
  return std::string(value.substr(kScheme.size()));
}

std::shared_ptr<Gate> token_file_gate(std::string path) {
  return std::make_shared<TokenFile>(std::move(path));
}

}  // namespace smic::distribution
