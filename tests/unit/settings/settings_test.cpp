// SPDX-License-Identifier: Apache-2.0
#include "compiler/settings/settings.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace smic;

namespace {

struct Given {
  std::string config;
  std::string place = "nowhere";
  unsigned count = 1;
  bool loud = false;
  std::vector<std::string> who;
};

Syntax syntax_of(Given& given) {
  Syntax syntax;
  syntax.command = "painter";
  syntax.most = 0;
  syntax.options = {text("--config", "FILE", given.config, ""),
                    text("--place", "PLACE", given.place, ""),
                    number("--count", "N", given.count, 10, ""), flag("--loud", given.loud, ""),
                    words("--who", "NAME,...", given.who, "")};
  return syntax;
}

// What is said of a file, a line each; the options go to `given`.
std::string said_of(const std::string& file, Given& given) {
  Sources sources;
  sources.add("s.yaml", file);
  Diagnostics diagnostics(sources);
  settings::take(syntax_of(given), sources, diagnostics);
  return render(diagnostics, DiagnosticsFormat::plain);
}

std::string said_of(const std::string& file) {
  Given given;
  return said_of(file, given);
}

class File {
 public:
  explicit File(const std::string& text) : path_(std::tmpnam(nullptr)) {
    path_ += ".yaml";
    write(text);
  }
  ~File() { std::filesystem::remove(path_); }

  void write(const std::string& text) { std::ofstream(path_) << text; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Begun {
  std::optional<int> exit_code;
  std::string out, err;
};

Begun start(Given& given, const std::vector<std::string>& words) {
  std::ostringstream out, err;
  const auto code = settings::start({syntax_of(given), &given.config}, words, out, err);
  return {code, out.str(), err.str()};
}

}  // namespace

TEST_CASE("every option can stand in a file") {
  Given given;
  CHECK(said_of("# a comment\nplace: kitchen\ncount: 3\nloud: true\nwho: [ann, 'bob']\n", given) ==
        "");
  CHECK(given.place == "kitchen");
  CHECK(given.count == 3);
  CHECK(given.loud);
  CHECK(given.who == std::vector<std::string>{"ann", "bob"});
}

TEST_CASE("an empty file, a null and a false say nothing") {
  Given given;
  CHECK(said_of("", given) == "");
  CHECK(said_of("# nothing\n", given) == "");
  CHECK(said_of("place:\nloud: false\n", given) == "");
  CHECK(given.place == "nowhere");
  CHECK_FALSE(given.loud);
}

TEST_CASE("an unknown key is told at its place, with what was meant") {
  const std::string file = "count: 3\nplce: kitchen\n";
  CHECK(said_of(file) == "s.yaml:2:1: error: `plce` is no setting of painter [E70]\n");
  CHECK(said_of("config: other.yaml\n").find("[E70]") != std::string::npos);
  CHECK(said_of("--place: kitchen\n").find("[E70]") != std::string::npos);
}

TEST_CASE("a value that the option refuses is told at its place, and changes nothing") {
  Given given;
  CHECK(said_of("count: 11\n", given) ==
        "s.yaml:1:8: error: `count`: `11` is not a number from 0 to 10 [E71]\n");
  CHECK(given.count == 1);
  CHECK(said_of("loud: maybe\n").find("`loud` is true or false [E71]") != std::string::npos);
  CHECK(said_of("place: {room: kitchen}\n").find("[E71]") != std::string::npos);
  CHECK(said_of("who: [ann, [bob]]\n").find("[E71]") != std::string::npos);
}

TEST_CASE("what is no mapping of settings is told") {
  CHECK(said_of("- place\n").find("[E70]") != std::string::npos);
  CHECK(said_of("kitchen\n").find("[E70]") != std::string::npos);
  CHECK(said_of("place: [\n").find("[E50]") != std::string::npos);
  CHECK(said_of("place: a\nplace: b\n").find("[E56]") != std::string::npos);
}

TEST_CASE("the command line wins over the file") {
  const File file("place: kitchen\ncount: 3\nwho: [ann]\n");
  Given given;
  CHECK_FALSE(start(given, {"--who=bob", "--config", file.path(), "--count=4"}).exit_code);
  CHECK(given.place == "kitchen");
  CHECK(given.count == 4);
  CHECK(given.who == std::vector<std::string>{"bob"});
  Given again;
  CHECK(settings::read_again({syntax_of(again), &again.config},
                             std::vector<std::string>{"--config=" + file.path(), "--count=4"}));
  CHECK(again.place == "kitchen");
  CHECK(again.count == 4);
}

TEST_CASE("a start that fails says why, by its exit code too") {
  File file("plce: kitchen\n");
  Given given;
  const Begun mistaken = start(given, {"--config=" + file.path()});
  CHECK(mistaken.exit_code == kInputHasErrors);
  CHECK(mistaken.err.find("did you mean `place`?") != std::string::npos);
  CHECK(start(given, {"--config=/nonexistent"}).exit_code == kWorldFailed);
  CHECK(start(given, {"--nonsense"}).exit_code == kWrongUsage);
  CHECK(start(given, {"--help"}).exit_code == kDone);
  CHECK_FALSE(settings::read_again({syntax_of(given), &given.config},
                                   std::vector<std::string>{"--config=" + file.path()}));
}
