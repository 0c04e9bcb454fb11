// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <sstream>

#include "cli/cli.h"

using namespace smic;
using namespace smic::cli;

namespace {

struct Output {
  std::ostringstream out, err;
  int code = 0;
};

Output run_words(const std::vector<std::string>& words) {
  Output output;
  Console console{output.out, output.err};
  output.code = run(words, console);
  return output;
}

}  // namespace

TEST_CASE(
    "every command has help, with lines that fit a terminal, on stdout and with exit code 0") {
  for (const Command& command : commands()) {
    const Output output = run_words({std::string(command.name), "--help"});
    INFO(command.name);
    CHECK(output.code == kDone);
    CHECK(output.err.str().empty());
    std::istringstream lines(output.out.str());
    for (std::string line; std::getline(lines, line);) {
      INFO(line);
      CHECK(line.size() <= 100);
    }
  }
}

TEST_CASE("wrong usage is exit code 64 and one line on stderr") {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"chekc"},
           {"check"},
           {"check", "--formt=json", "x"},
           {"convert", "x"},
           {"convert", "--to=v1beta1", "x"},
           {"convert", "--to=apps/v1alpha1", "x"},
           {"up"},
           {"up", "a", "b"},
           {"explain", "x"},
           {"compile", "--emit=elf", "x"},
           {"echo", "--listen", "nowhere"},
           {"explain", "x", "--from", "web", "--to", "a.b"},
           {"version", "please"},
           {"explain", "x", "--from", "a/b", "--to", "a.b", "--path", "/%zz"},
           {"explain", "x", "--from", "a/b", "--to", "a.b:0"},
           {"compile", "--disable-pass=nonsense", "x"}}) {
    const Output output = run_words(words);
    INFO(words.front() << ": " << output.err.str());
    CHECK(output.code == kWrongUsage);
    CHECK(output.out.str().empty());
    const std::string text = output.err.str();
    CHECK(std::count(text.begin(), text.end(), '\n') == 1);
  }
}

TEST_CASE("a path that cannot be read is exit code 1, with its name") {
  for (const char* command : {"check", "compile"}) {
    const Output output = run_words({command, "/nonexistent/mesh.yaml"});
    CHECK(output.code == kWorldFailed);
    CHECK(output.err.str().find("/nonexistent/mesh.yaml") != std::string::npos);
  }
}
