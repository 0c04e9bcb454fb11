// SPDX-License-Identifier: Apache-2.0
// A request as a person writes it: the options `--from … --to … --path …`, on the command line or a
// line of a file (`--requests`), to the Query that explain() answers.
#pragma once

#include "base/command_line.h"
#include "cli/explanation.h"

namespace smic::cli {

struct Request {
  Query query;
  bool port_given = false;
  std::string from_pod;  // "namespace/name", instead of an account
  std::size_t line = 0;  // of the file it stands in
};

// Each writes into `request`, which must outlive them.
std::vector<Option> request_options(Request& request);

// What options alone cannot do: misses --from and --to, and normalises the path as the proxy does
// (D-3).
Taken check(Request& request);

// A port that was left out is the Service's only one.
Taken choose_port(Request& request, const Frontend& front);

// Who a pod is; and who an account's pods are, if IdentityBindings give all of them one identity.
Taken choose_source(Request& request, const Frontend& front);

// One request a line, in the words of the command line; `'…'`, `"…"` and `\\` quote as in a shell,
// empty lines and those that begin with `#` are skipped.
inline constexpr std::size_t kMaxRequests = 1'000'000;
std::expected<std::vector<Request>, std::string> read_requests(std::string_view text);

// The words of one line; an error where a quote does not end.
std::expected<std::vector<std::string>, std::string> split_words(std::string_view line);

}  // namespace smic::cli
