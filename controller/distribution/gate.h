// SPDX-License-Identifier: Apache-2.0
// Who may ask: the bearer of a token that stands for a node may have that node's state and answer
// for it, and some may see the status of all.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "controller/api/message.h"
#include "controller/kube/client.h"

namespace smic::distribution {

// `Authorization: Bearer …`; empty if there is none.
std::string bearer_token(const api::Request& request);

// Safe to use from any thread; may take as long as a request to the API.
class Gate {
 public:
  using Verdict = std::expected<void, api::Response>;  // or what to answer

  virtual ~Gate() = default;
  virtual Verdict may_be(const std::string& token, const std::string& node) = 0;
  virtual Verdict may_see_status(const std::string& token) = 0;
};

// A file with a line `TOKEN NODE` for each node, and `TOKEN *` for whoever may see the status. Read
// again for every question, so it can be changed at any time.
std::shared_ptr<Gate> token_file_gate(std::string path);

// Tokens of the proxy's ServiceAccount with our audience, judged by the API server (TokenReview).
// The node is the one that the token's pod runs on: the API server puts it into the token, and
// nobody else can. The status is for whoever RBAC lets `get` the path /v1/status.
inline constexpr std::string_view kAudience = "smic-controller";
struct ReviewOptions {
  std::string account;                  // "system:serviceaccount:smic-system:smic-proxy"
  std::chrono::seconds remember{60};    // what was said yes to
  std::chrono::seconds remember_no{5};  // a client that tries again and again costs no more
  std::size_t most_remembered = 4096;
};
std::shared_ptr<Gate> token_review_gate(kube::Client& client, ReviewOptions options);

}  // namespace smic::distribution
