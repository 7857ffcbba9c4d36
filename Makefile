# 会诊 · 两条命令:make run(启动演示)、make test(全部检查)。其余见 make help。
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
BIN := .venv/bin
SEED ?= 1
# Where an environment forbids compiled modules, each of the house's processes would compile everything it imports, at every start.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help run deps test-deps assets story test check soak bench migrations lock clean

help:
	@printf '%s\n' \
	  'make run         启动演示(首次会安装依赖、建库、造演示数据)  HUIZHEN_PORT=8001 可换端口' \
	  'make story       演示故事自动走一遍并打印对话            SEED=7 可换一组人与回答' \
	  'make test        静态检查与全部测试(SQLite 与 MariaDB)' \
	  'make soak        长时间、全量的模糊与故障测试' \
	  'make bench       性能对照,写入 docs/measured.md' \
	  'make migrations  由数据模型生成新的数据库迁移' \
	  'make lock        重新锁定全部依赖的版本与校验值' \
	  'make clean       删除安装的依赖与缓存(不动 data/)'

run: deps assets
	@$(BIN)/huizhen demo

deps:
	@tools/install.sh run

test-deps: deps
	@tools/install.sh test

assets: deps
	@tools/install.sh assets

story: deps assets
	@$(PYTHON) -m tests.journeys.story --seed $(SEED)

check: test-deps
	@echo '· 代码检查:ruff、mypy、import-linter'
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

test: test-deps
	@tools/install.sh packages
	@tools/install.sh peers
	@tools/install.sh assets
	@$(PYTHON) tools/run_tests.py

soak: test-deps
	@tools/install.sh packages
	@tools/install.sh peers
	@tools/install.sh assets
	@HUIZHEN_TEST_SCALE=full $(PYTHON) tools/run_tests.py

bench: test-deps
	@tools/install.sh bench
	@tools/install.sh bench-packages
	@tools/install.sh peers
	@tools/install.sh assets
	@$(PYTHON) -m benchmarks

migrations: deps
	@$(BIN)/huizhen migrate --make

lock: deps
	@tools/lock.sh

clean:
	rm -rf .venv node_modules miniprogram_api/pages/vendor .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .story build *.egg-info
	find . -name __pycache__ -type d -not -path './data/*' -prune -exec rm -rf {} +
