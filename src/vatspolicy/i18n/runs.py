"""Lines of what runs the tests and the mutants of policies report."""

from __future__ import annotations

RUNS: tuple[tuple[str, str], ...] = (
    # --- tests and their coverage
    ("No test ran.", "没有运行任何测试。"),
    ("{0} passed, {1} failed", "通过 {0} 个，失败 {1} 个"),
    ("{path}:{0}: never {1!l}: {2}", "{path}:{0}：从未为 {1!l}：{2}"),
    (
        "{path}:{0}: never decides alone when {1} nor when {2}: {3}",
        "{path}:{0}：从未在 {1} 或 {2} 时独自决定：{3}",
    ),
    ("{path}:{0}: never decides alone when {1}: {2}", "{path}:{0}：从未在 {1} 时独自决定：{2}"),
    ("{path}:{0}: never fires: {1}", "{path}:{0}：从未适用：{1}"),
    (
        "{0} of {1} clauses shown to decide alone, both ways (masking MC/DC)",
        "{1} 个分句中有 {0} 个表明可正反两面独自决定（掩蔽 MC/DC）",
    ),
    ("{0} % of clause outcomes covered", "分句结果覆盖 {0} %"),
    ("below the threshold of {0} %", "低于门槛 {0} %"),
    # --- mutants
    ("Nothing to mutate.", "没有可变异之处。"),
    ("fails on the law as it is: {0}", "按现行政策即失败：{0}"),
    ("Mutants are tried when every test passes.", "全部测试通过后才试变异体。"),
    ("{0} %  {1} killed, {2} survived, {3} equivalent  in all", "{0} %  杀死 {1}，存活 {2}，等价 {3}  合计"),
    ("{0} %  {1} killed, {2} survived  in all", "{0} %  杀死 {1}，存活 {2}  合计"),
    ("{0} %  {1} killed, {2} survived, {3} equivalent  {4}", "{0} %  杀死 {1}，存活 {2}，等价 {3}  {4}"),
    ("{0} %  {1} killed, {2} survived  {3}", "{0} %  杀死 {1}，存活 {2}  {3}"),
    ("sample of {0} of {1} mutants, seed {2}", "{1} 个变异体中抽取 {0} 个，种子 {2}"),
    ("{path}:{0}: survived: {1}: {2!t}", "{path}:{0}：存活：{1}：{2!t}"),
    ("test: {0!t}", "测试：{0!t}"),
    ("in {0}, as in “it {1}”: {2}", "写入 {0}，可参照“it {1}”：{2}"),
    ("in {0}: {1!t}", "写入 {0}：{1!t}"),
    (
        "Tests are suggested for the first {0} survivors of a policy; --run POLICY suggests all of them.",
        "每部政策只为前 {0} 个存活者建议测试；--run POLICY 建议全部。",
    ),
    ("a case that stands exactly at the boundary", "恰在边界上的用例"),
    ("a case in which this clause alone decides", "只由此分句决定的用例"),
    ("a case in which one of the clauses holds and another does not", "一个分句成立、另一个不成立的用例"),
    ("a case with two members of which one fits and one does not", "两个成员一合一不合的用例"),
    ("a case with this member alone", "只有此成员的用例"),
    ("a case that stands exactly at the value, or has this member alone", "恰等于此值或只有此成员的用例"),
    ("a case on this day, and one on the day before", "当日与前一日各一个用例"),
    ("a case that shows it applying, and one that shows it not applying", "适用与不适用各一个用例"),
    ("the rule never applies: {0} is dropped", "规则从不适用：去掉 {0}"),
    ("the rule always applies", "规则总是适用"),
    ("the condition {0} is dropped", "去掉条件 {0}"),
    ("the condition {0} never holds", "条件 {0} 从不成立"),
    ("the clause {0} is dropped", "去掉分句 {0}"),
    ("the ! before {0} is dropped", "去掉 {0} 之前的 !"),
    ("{0} is negated", "否定 {0}"),
    ("{0} becomes {1} in {2}", "{2} 中的 {0} 改为 {1}"),
    ("from {0} becomes {1}", "自 {0} 改为 {1}"),
    ("until {0} becomes {1}", "至 {0} 改为 {1}"),
    ("{0} becomes {1}", "{0} 改为 {1}"),
    ("{0} is dropped from the list", "从列表中去掉 {0}"),
    ("{0!q} is dropped from {1}", "从 {1} 中去掉{0!q}"),
    # --- pages
    ("missing {0}", "缺少 {0}"),
    ("stale {0}", "过时 {0}"),
    ("superfluous {0}", "多余 {0}"),
)
