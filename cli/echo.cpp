// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <ostream>

#include "base/command_line.h"
#include "cli/echo_server.h"
#include "cli/input.h"

namespace smic::cli {
namespace {

constexpr unsigned kLongestDelayMs = 600'000;
constexpr unsigned kLargestStatus = 599;

// "127.0.0.1:8080", "[::1]:8080", ":8080".
Taken take_address(const std::string& given, EchoOptions& options) {
  const auto colon = given.rfind(':');
  if (colon == std::string::npos) return UsageError("`" + given + "` is not ADDRESS:PORT");
  const char* first = given.data() + colon + 1;
  const char* last = given.data() + given.size();
  const auto [stopped, error] = std::from_chars(first, last, options.port);
  if (error != std::errc() || stopped != last) {
    return UsageError("`" + given.substr(colon + 1) + "` is not a port");
  }
  std::string host = given.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (!host.empty()) options.host = host;
  return {};
}

struct Numbers {
  unsigned status = 200;
  unsigned delay_ms = 0;
};

Syntax syntax_of(EchoOptions& options, Numbers& numbers) {
  Syntax syntax;
  syntax.command = "smic echo";
  syntax.most = 0;
  syntax.about =
      "A small backend that says who it is. HTTP/1.1 answers with a JSON body (name, method, "
      "path,\n"
      "headers, body_bytes) and the header `x-smic-echo: NAME`. TCP sends NAME on a line, then "
      "every\n"
      "byte as it came. UDP answers `NAME: ` and the datagram. Prints the bound address on "
      "stdout;\n"
      "ends on SIGINT and SIGTERM.";
  syntax.options = {
      {"--listen", "ADDRESS:PORT", "port 0 picks a free one (default: 127.0.0.1:0)",
       [&options](const std::string& given) { return take_address(given, options); }},
      text("--name", "NAME", options.name, "who it says it is (default: echo)"),
      choice<EchoProtocol>(
          "--protocol",
          {{"http", EchoProtocol::http}, {"tcp", EchoProtocol::tcp}, {"udp", EchoProtocol::udp}},
          options.protocol, "(default: http)"),
      number("--status", "N", numbers.status, kLargestStatus,
             "status of every HTTP answer (default: 200)"),
      number("--delay-ms", "N", numbers.delay_ms, kLongestDelayMs,
             "wait before every HTTP answer (default: 0)")};
  syntax.ending = "example:\n  smic echo --listen 127.0.1.10:8080 --name reviews-v1";
  return syntax;
}

}  // namespace

int run_echo(Words words, Console& console) {
  EchoOptions options;
  Numbers numbers;
  const Syntax syntax = syntax_of(options, numbers);
  const auto begun = start(syntax, words, console.out, console.err);
  if (begun.exit_code) return *begun.exit_code;
  if (numbers.status < 200) return wrong_usage(syntax, "--status: 200 to 599", console.err);
  options.status = numbers.status;
  options.delay = std::chrono::milliseconds(numbers.delay_ms);
  const auto served = serve_echo(
      options, [&console](const std::string& address) { console.out << address << std::endl; });
  if (!served) return world_failed("echo", served.error(), console);
  return kDone;
}

}  // namespace smic::cli
