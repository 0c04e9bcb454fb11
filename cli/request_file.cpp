// SPDX-License-Identifier: Apache-2.0
#include "cli/request.h"

namespace smic::cli {
namespace {

constexpr std::string_view kBlank = " \t\r";

// Takes one word off the front of `line`, which begins with it.
class WordReader {
 public:
  explicit WordReader(std::string_view& line) : line_(line) {}

  std::expected<std::string, std::string> read() {
    while (!line_.empty() && !kBlank.contains(line_.front())) {
      const char first = next();
      if (first == '\'' || first == '"') {
        if (!quoted(first)) return UsageError(std::string("a ") + first + " does not end");
      } else if (first == '\\' && !line_.empty()) {
        word_ += next();
      } else {
        word_ += first;
      }
    }
    return std::move(word_);
  }

 private:
  char next() {
    const char first = line_.front();
    line_.remove_prefix(1);
    return first;
  }

  // Up to the closing quote; within "…", \\ takes the meaning of " and \\.
  bool quoted(char quote) {
    while (!line_.empty()) {
      const char letter = next();
      if (letter == quote) return true;
      const bool escapes = quote == '"' && letter == '\\' && !line_.empty() &&
                           (line_.front() == '"' || line_.front() == '\\');
      word_ += escapes ? next() : letter;
    }
    return false;
  }

  std::string_view& line_;
  std::string word_;
};

std::expected<Request, std::string> read_request(std::string_view line) {
  const auto words = split_words(line);
  if (!words) return UsageError(words.error());
  Request request;
  Syntax syntax;
  syntax.most = 0;
  syntax.options = request_options(request);
  const auto parsed = parse(syntax, *words);
  if (!parsed) return UsageError(parsed.error());
  if (auto fine = check(request); !fine) return UsageError(fine.error());
  return request;
}

}  // namespace

std::expected<std::vector<std::string>, std::string> split_words(std::string_view line) {
  std::vector<std::string> words;
  while (true) {
    line.remove_prefix(std::min(line.size(), line.find_first_not_of(kBlank)));
    if (line.empty()) return words;
    auto word = WordReader(line).read();
    if (!word) return UsageError(word.error());
    words.push_back(std::move(*word));
  }
}

std::expected<std::vector<Request>, std::string> read_requests(std::string_view text) {
  std::vector<Request> requests;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t first = line.find_first_not_of(kBlank);
    if (first == std::string_view::npos || line[first] == '#') continue;
    auto request = read_request(line);
    if (!request) return UsageError("line " + std::to_string(number) + ": " + request.error());
    request->line = number;
    if (requests.size() == kMaxRequests) {
      return UsageError("more than " + std::to_string(kMaxRequests) + " requests");
    }
    requests.push_back(std::move(*request));
  }
  return requests;
}

}  // namespace smic::cli
