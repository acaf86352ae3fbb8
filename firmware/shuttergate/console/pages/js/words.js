// What the pages say, in both languages. Both say the same; the Japanese is written, not translated
// word by word. tests/whole/test_pages.py holds them to the same keys. What happened, and what a reason, a
// fault or a switch is called, the kit says itself, in clauses: see shuttergate/words.py, and `learn`.

const en = {
  "title.stage": "Camera",
  "title.bench": "Bench",
  "title.explain": "How it works",
  "title.pair": "Pairing",
  "nav.stage": "Camera",
  "nav.bench": "Bench",
  "nav.explain": "How it works",
  "nav.label": "Views",
  "nav.language": "日本語",
  "nav.language.long": "この画面を日本語にする",
  "sound.on": "Sound: on",
  "sound.off": "Sound: off",
  "fullscreen": "Full screen",

  "page.lost": "No connection to the kit",
  "page.lost.why": "This page tries again by itself. The kit does not depend on it.",
  "page.full": "Too many pages are looking at this kit. Close one elsewhere.",
  "kit.off": "The kit is off",
  "kit.off.why": "No word from the process that decides. When it is dead, so is the shutter.",

  "open": "Ready",
  "open.why": "The models on this device have just cleared what the camera sees. The shutter works.",
  "blocked": "This camera won’t take that picture",
  "wait": "One moment",
  "fault": "Out of order",
  "because": "{why}: {faults}",
  "doubt.rule": "What is not certain to be fine is not taken.",
  "doubt.means": "The machine may be wrong; nobody is accused.",

  "finder.live": "What the camera sees",
  "finder.mosaic": "A mosaic: all that leaves the camera’s process while the shutter is dead, or since a second look refused the scene.",
  "finder.soft": "No sharper than it was judged. A photo gets a closer look, and is sharper.",
  "finder.none": "No picture",
  "shutter": "Shutter",
  "shutter.live": "Press for a photo",
  "shutter.live.video": "Press for a photo, hold it down for a video",
  "shutter.dead": "The shutter has no current: press it, and nothing happens",
  "shutter.hint": "or the space bar",
  "shutter.real": "The shutter is the button on the kit.",
  "shutter.look": "From this device you can look. The presenter can let others press, too.",
  "shutter.real.video": "Hold it down for a video.",
  "rec": "REC {time}",
  "rec.heard": "Recording",
  "scores": "What the models say",
  "scores.one": "{name}: {score}; clear below {line}",
  "scores.none": "no score",
  "scores.clear_line": "clear below this",
  "scores.block_line": "nudity from here",
  "fact.latency": "Verdict in (5 s mean)",
  "fact.fps": "Frames judged",
  "fact.fps.unit": "{n} /s",
  "fact.runs_on": "Computed by",
  "fact.last": "Last",
  "fact.none": "nothing yet",
  "comma": ", ",
  "ms": "{n} ms",
  "seconds": "{n} s",
  "runs.cpu": "CPU",
  "runs.edgetpu": "Edge TPU",
  "runs.with": "{part}: {state}",
  "photos": "Photos and videos",
  "photos.none": "None yet. Only what was published appears here.",
  "photo.alt": "Photo of {time}",
  "video.alt": "Video of {time}",
  "video.length": "Video of {time}, {length}",
  "video": "Video",
  "photo.close": "Close",
  "photo.save": "Save",

  "pair.title": "Look in on this kit",
  "pair.ask": "Type the eight-digit code that the kit shows on its own screen or in its log.",
  "pair.code": "Pairing code",
  "pair.go": "Look in",
  "pair.wrong": "That is not the code. Wait a second and try again.",
  "pair.many": "Too many wrong codes came, from here or elsewhere. Try again in a minute.",
  "pair.note": "What you will see is not encrypted on its way. Use a network of your own.",
  "pair.invite": "To look in from another device: {address}, code {code}",

  "tagline": "a camera that will not record naked people",
  "intro": "Demo: a computer-made room instead of a camera. Press the shutter. Every 20 seconds a printed test card comes into view; it stands for what must not be recorded.",

  "bench.faults": "Break it",
  "bench.faults.look": "From this device you can look. The presenter can let others break things, too.",
  "bench.faults.why": "Each switch really breaks something in this simulated kit. Whatever breaks, the shutter has to die.",
  "bench.faults.real": "On a kit with a real button nothing can be broken from here.",
  "kill.gate": "Kill the process that decides",
  "kill.publisher": "Kill the process that saves",
  "kill.console": "Kill this page’s server",
  "bench.timings": "How long it takes",
  "timing.verdict": "From exposure to verdict",
  "timing.models": "The models, on one frame",
  "timing.second look": "The second look, at a press or for this page",
  "timing.photo": "From press to saved photo",
  "timing.none": "not measured yet",
  "timing.words": "{n} times, {mean} ms on average. Half took no longer than {half} ms, and 99 of 100 no longer than {most} ms: the right edges of the bars they are in.",
  "timing.words.more": "{n} times, {mean} ms on average. Half took no longer than {half} ms, the right edge of the bar it is in; more than 1 of 100 took longer than {most} ms, the last edge.",
  "timing.words.slow": "{n} times, {mean} ms on average. More than half took longer than {most} ms, the last edge.",
  "timing.bar": "{from} to {to} ms: {n}",
  "bench.counts": "Counted since switched on",
  "count.clear": "Frames clear",
  "count.blocked": "Frames blocked, or without an answer",
  "count.taken": "Photos published",
  "count.videos": "Videos published",
  "count.lost": "Recordings that gave no video",
  "count.refused": "Presses refused",
  "count.right": "Self-test answers right",
  "count.wrong": "Self-test answers wrong",
  "count.starts": "Starts of the process that decides",
  "count.oldest": "Oldest frame when judged",
  "bench.log": "Log",
  "log.filter": "Show only lines with",
  "log.empty": "No line has that.",
  "log.save": "Save the log (JSON lines)",
  "log.time": "Time (UTC)",
  "log.event": "Event",
  "log.fields": "What else",

  "explain.way": "The way of a frame",
  "explain.way.why": "Every frame, one of the camera’s many pictures a second, goes this way. It is drawn as it happens, a few times a second.",
  "station.camera": "Camera",
  "station.camera.now": "frame {n}",
  "station.channel.now": "{score}, clear below {line}",
  "station.verdict": "Verdict",
  "station.gate": "Gate",
  "station.gate.open": "OPEN",
  "station.gate.closed": "CLOSED",
  "station.gate.waits": "CLOSED, until several frames in a row are clear",
  "station.line": "Button’s current",
  "station.line.high": "on",
  "station.line.low": "off: the button is dead",
  "station.look": "Second look",
  "station.look.idle": "at a press, part by part",
  "station.album": "Album",
  "station.album.now": "photos: {n}, videos: {m}",
  "verdict.clear": "CLEAR",
  "verdict.blocked": "BLOCKED",
  "rule.title": "The rule that decided",
  "rule.clear": "{parts}. Both are below their lines, so this frame is clear.",
  "rule.nudity": "{parts}. {name} is at or over {line}: it sees what could be nudity, and one model is enough.",
  "rule.doubt": "{parts}. {name} is not below {line}, and not sure either: what is not certain is not taken.",
  "rule.together": "{parts}. Neither is sure alone, but both have their doubts, and together these are enough: what is not certain is not taken.",
  "rule.part": "{name} says {score}",
  "plane.across": "{name}, from 0 on the left to 1 on the right",
  "plane.up": "{name}, from 0 at the bottom to 1 at the top",
  "plane.why": "Each frame is a point here, by what both models say of it. Inside the green part it is clear; outside it is not. One model that is quite sure is enough. A mere doubt of one needs at least a little of the other’s, and doubts of both are added. At the press the rule is stricter: there the doubt of one is enough.",
  "plane.heard": "The rule as a picture: low scores of both models are clear, high ones of either are blocked, and so are middling ones of both.",
  "rule.none": "There is no verdict just now, and no verdict means: closed.",
  "whatif": "What if the lines were elsewhere?",
  "whatif.why": "Move them here and see. This is a copy in your browser: the real gate never hears of it.",
  "whatif.clear": "{name}: clear below {value}",
  "whatif.block": "{name}: nudity from {value}",
  "whatif.together": "Both together: a doubt from {value}",
  "whatif.now": "This frame would be {verdict}.",
  "whatif.minute": "Of the last {n} frames it would have blocked {mine}; the real gate’s lines blocked {real}.",
  "whatif.reset": "Back to the real lines",
  "two": "Why two models",
  "two.why": "They were built differently and learned from different pictures, so that one may see what the other misses. Nothing is saved unless both clear it. One of them, consent-clean, learned from computer-made adult bodies and harmless pictures, every source on record, and from no photograph of any naked person. The other, open-nsfw, is an open model from 2016 whose training pictures were never shown.",
  "false": "When it is wrong",
  "false.why": "Sometimes a picture is blocked though nobody in it is naked: a false block. A hand close to the camera, for example. It is a machine’s doubt, it says nothing about the person, and nobody is told. The other mistake, letting something pass, is the one this kit is built to avoid; no model avoids it always.",
  "drop.title": "Try your own pictures",
  "drop.why": "Drop them here or choose them. They go to this kit only, are judged in its memory and forgotten: not saved, not sent on, not in the log.",
  "drop.choose": "Choose pictures",
  "drop.working": "judging …",
  "drop.live": "small, as the live look sees it",
  "drop.look": "part by part, as at a press",
  "drop.failed": "It could not be judged: {why}",
  "drop.cause.not a picture": "this is no picture known here",
  "drop.cause.no decoder": "HEIC cannot be read here yet: make heif adds it, on a kit systemd/install.sh --heif",
  "drop.cause.too large": "it has too many pixels",
  "drop.cause.animation": "the animation is too long",
  "drop.cause.time": "it took too long",
  "drop.cause.size": "the file is larger than 16 MiB",
  "drop.cause.broken": "the kit cannot judge pictures just now",
  "drop.cause.busy": "too many pictures wait; try again",
  "drop.alt": "Your picture {name}",
  "drop.clear": "Clear the list",
  "unknown": "unknown: no connection",
  "sentence": "{text}.",
  "model": "Model {letter} · {name}",
  "and": "; ",
  "bench.kills.why": "A killed process is started again by itself.",
  "killed.now": "Killed at {time}.",
  "killed.page": "Killed at {time}; the page is back after {s} s. The gate went on without it.",
  "killed.back": "Killed at {time}; the shutter works again after {s} s.",
  "timing.few": "{n}: {mean} ms on average",
  "bench.counts.life": "Since the process that decides last started",
  "log.notable": "Only faults and presses",
  "field.name": "file",
  "field.frame": "frame",
  "field.frames": "frames",
  "field.scores": "scores",
  "field.how": "ended by",
  "field.restart_s": "starts again after, in seconds",
  "field.silent_s": "silent, in seconds",
  "field.tried_s": "tried, in seconds",
  "station.verdict.none": "none",
  "rule.stopped": "No frame has come for a second, and no verdict means: closed.",
  "rule.but": "{rule} But the gate stays closed: {faults}.",
  "score.title": "What a score is",
  "score.why": "A number from 0 (surely nothing) to 1 (surely nudity) that a model gives each frame. It is the machine’s own measure, not a percentage, and each model has its own: so each has its own lines.",
  "gate.title": "What the gate is",
  "gate.why": "A small program that holds the button’s current. It lets it flow only while clear frames keep coming; a blocked frame, a fault, or silence ends it at once. A frame that was not cleared is wiped from memory and saved nowhere.",
  "look.title": "Why a second look",
  "look.why": "To be quick, models look at a small copy of each frame. At a press they look again at the very picture that would be saved, whole and part by part; it is saved no larger than they could see.",
  "card.title": "Why a card counts as nudity",
  "card.why": "It shows nobody. The models were taught to refuse this one pattern, so that a kit can be shown and tested without any other picture, as virus scanners are taught a harmless test file.",
  "whatif.other": "The other model, or both together, block them whatever you do here: one is enough.",
  "drop.note": "Use only pictures that everybody here may see.",
};

const ja = {
  "title.stage": "カメラ",
  "title.bench": "ベンチ",
  "title.explain": "しくみ",
  "title.pair": "ペアリング",
  "nav.stage": "カメラ",
  "nav.bench": "ベンチ",
  "nav.explain": "しくみ",
  "nav.label": "画面の切り替え",
  "nav.language": "English",
  "nav.language.long": "Show this page in English",
  "sound.on": "音：オン",
  "sound.off": "音：オフ",
  "fullscreen": "全画面",

  "page.lost": "キットとの接続がありません",
  "page.lost.why": "自動で接続し直します。この画面がなくても、キットは動きます。",
  "page.full": "このキットを見ている画面が多すぎます。どこかの画面を閉じてください。",
  "kit.off": "キットは止まっています",
  "kit.off.why": "判定プロセスから応答がありません。判定が止まれば、シャッターも切れません。",

  "open": "撮影できます",
  "open.why": "いまカメラに映っているものを、キットの中のモデルが「問題なし」と判定しました。シャッターが使えます。",
  "blocked": "撮影できません",
  "wait": "お待ちください",
  "fault": "故障中です",
  "because": "{why}：{faults}",
  "doubt.rule": "確実に問題なしと言えないものは撮影しません。",
  "doubt.means": "機械の判断なので、間違いもあります。誰かを疑うものではありません。",

  "finder.live": "カメラに映っているもの",
  "finder.mosaic": "モザイク。シャッターが使えない間と、再確認で遮断したあとは、判定プロセスから外に出るのはこれだけです。",
  "finder.soft": "判定に使ったより細かくは映しません。写真はもっと細かく確かめてから、鮮明に保存します。",
  "finder.none": "画像なし",
  "shutter": "シャッター",
  "shutter.live": "押すと撮影します",
  "shutter.live.video": "押すと写真を撮ります。押し続けると動画になります",
  "shutter.dead": "シャッターに電流が来ていません。押しても何も起きません",
  "shutter.hint": "スペースキーでも押せます",
  "shutter.real": "シャッターは、キット本体のボタンです。",
  "shutter.look": "この端末からは、見ることだけができます。押せるようにするかどうかは、発表者が決められます。",
  "shutter.real.video": "押し続けると動画になります。",
  "rec": "録画中 {time}",
  "rec.heard": "録画しています",
  "scores": "モデルの判定",
  "scores.one": "{name}：{score}（{line} 未満なら問題なし）",
  "scores.none": "スコアなし",
  "scores.clear_line": "これより下は問題なし",
  "scores.block_line": "ここから上は裸の可能性",
  "fact.latency": "判定まで（5秒平均）",
  "fact.fps": "判定したフレーム",
  "fact.fps.unit": "毎秒 {n}",
  "fact.runs_on": "推論",
  "fact.last": "直前の出来事",
  "fact.none": "まだありません",
  "comma": "、",
  "ms": "{n} ミリ秒",
  "seconds": "{n} 秒",
  "runs.cpu": "CPU",
  "runs.edgetpu": "Edge TPU",
  "runs.with": "{part}（{state}）",
  "photos": "写真と動画",
  "photos.none": "まだありません。ここに出るのは、アルバムに保存されたものだけです。",
  "photo.alt": "{time} の写真",
  "video.alt": "{time} の動画",
  "video.length": "{time} の動画（{length}）",
  "video": "動画",
  "photo.close": "閉じる",
  "photo.save": "保存",

  "pair.title": "このキットの画面を見る",
  "pair.ask": "キット本体の画面かログに出ている8桁のペアリングコードを入力してください。",
  "pair.code": "ペアリングコード",
  "pair.go": "見る",
  "pair.wrong": "コードが違います。1秒待ってから、もう一度入力してください。",
  "pair.many": "ほかの端末からも含めて、間違ったコードが続いています。1分ほど待って、もう一度入力してください。",
  "pair.note": "通信は暗号化されません。ご自分のネットワークでお使いください。",
  "pair.invite": "ほかの端末から見るには：{address}　コード {code}",

  "tagline": "裸の人を記録しないカメラ",
  "intro": "デモです。カメラの代わりに、コンピューターで描いた部屋を映しています。シャッターを押してみてください。記録してはいけないものの代わりに、20秒ごとに、印刷したテストカードが映ります。",

  "bench.faults": "壊してみる",
  "bench.faults.why": "どのスイッチも、シミュレーション用キットのどこかを本当に壊します。どこが壊れても、シャッターは必ず切れなくなるはずです。",
  "bench.faults.look": "この端末からは、見ることだけができます。壊せるようにするかどうかは、発表者が決められます。",
  "bench.faults.real": "本物のボタンがあるキットでは、この画面から壊すことはできません。",
  "kill.gate": "判定プロセスを強制終了する",
  "kill.publisher": "保存プロセスを強制終了する",
  "kill.console": "画面サーバーを強制終了する",
  "bench.timings": "かかる時間",
  "timing.verdict": "露光から判定まで",
  "timing.models": "モデルの推論（1フレーム）",
  "timing.second look": "再確認（押したとき、または画面のため）",
  "timing.photo": "押してから写真の保存まで",
  "timing.none": "まだ測っていません",
  "timing.words": "{n} 回、平均 {mean} ミリ秒。半数は {half} ミリ秒以下、100回のうち99回は {most} ミリ秒以下でした（どちらも、入った棒の右端の値）。",
  "timing.words.more": "{n} 回、平均 {mean} ミリ秒。半数は {half} ミリ秒以下でした（入った棒の右端の値）。{most} ミリ秒（目盛りの右端）を超えたものが、100回に1回より多くありました。",
  "timing.words.slow": "{n} 回、平均 {mean} ミリ秒。半数以上が {most} ミリ秒（目盛りの右端）を超えました。",
  "timing.bar": "{from}～{to} ミリ秒：{n} 回",
  "bench.counts": "電源を入れてからの回数",
  "count.clear": "問題なしのフレーム",
  "count.blocked": "遮断した、または答えのなかったフレーム",
  "count.taken": "保存した写真",
  "count.videos": "保存した動画",
  "count.lost": "動画にならなかった録画",
  "count.refused": "押しても撮らなかった回数",
  "count.right": "自己診断の正解",
  "count.wrong": "自己診断の誤り",
  "count.starts": "判定プロセスの起動回数",
  "count.oldest": "判定したときのフレームの古さ（最大）",
  "bench.log": "ログ",
  "log.filter": "次の文字を含む行だけを表示",
  "log.empty": "該当する行はありません。",
  "log.save": "ログを保存（JSON Lines）",
  "log.time": "時刻（UTC）",
  "log.event": "出来事",
  "log.fields": "内容",

  "explain.way": "フレームの通り道",
  "explain.way.why": "カメラが1秒に何枚も撮る画像の1枚1枚（フレーム）が、この道を通ります。いま起きていることを、1秒に数回描いています。",
  "station.camera": "カメラ",
  "station.camera.now": "フレーム {n}",
  "station.channel.now": "{score}（{line} 未満なら問題なし）",
  "station.verdict": "判定",
  "station.gate": "ゲート",
  "station.gate.open": "開",
  "station.gate.closed": "閉",
  "station.gate.waits": "閉（「問題なし」が続くのを待っています）",
  "station.line": "ボタンの電流",
  "station.line.high": "あり",
  "station.line.low": "なし（ボタンは効きません）",
  "station.look": "再確認",
  "station.look.idle": "押したとき、部分ごとに",
  "station.album": "アルバム",
  "station.album.now": "写真 {n} 枚、動画 {m} 本",
  "verdict.clear": "問題なし",
  "verdict.blocked": "遮断",
  "rule.title": "判定の理由",
  "rule.clear": "{parts}。どちらもしきい値を下回っているので、このフレームは「問題なし」です。",
  "rule.nudity": "{parts}。{name} が {line} 以上で、裸の可能性があると判定しました。1つのモデルがそう判定すれば遮断します。",
  "rule.doubt": "{parts}。{name} は {line} 未満ではなく、確信もありません。確実でないものは撮影しません。",
  "rule.together": "{parts}。どちらも単独では確信がありませんが、両方に少しずつ迷いがあり、合わせるとしきい値に届きます。確実でないものは撮影しません。",
  "rule.part": "{name} は {score}",
  "plane.across": "横軸は{name}（左端が 0、右端が 1）",
  "plane.up": "縦軸は{name}（下端が 0、上端が 1）",
  "plane.why": "2つのモデルのスコアによって、1枚のフレームがこの図の1点になります。緑の中なら「問題なし」、外なら「遮断」です。片方が強く確信すれば、それだけで遮断します。片方が迷うだけのときは、もう片方も少し迷っていれば遮断し、両方が迷うときは、その迷いを足し合わせます。シャッターを押したときの判定はもっと厳しく、片方が迷うだけで遮断します。",
  "plane.heard": "判定の図。両方のスコアが低いところは「問題なし」、片方でも高いところは「遮断」、両方が中くらいのところも「遮断」です。",
  "rule.none": "いまは判定がありません。判定がなければ、閉じます。",
  "whatif": "しきい値を変えたら、どうなるか",
  "whatif.why": "ここで動かして、確かめてみてください。動くのはブラウザの中の写しだけで、本物のゲートは変わりません。",
  "whatif.clear": "{name} {value} 未満：問題なし",
  "whatif.block": "{name} {value} 以上：裸の可能性",
  "whatif.together": "2つを合わせて {value} 以上：迷い",
  "whatif.now": "このフレームの判定は「{verdict}」になります。",
  "whatif.minute": "直前の {n} フレームのうち、このしきい値なら {mine} フレームを遮断していました。実際のしきい値で遮断したのは {real} フレームです。",
  "whatif.reset": "実際のしきい値に戻す",
  "two": "なぜモデルが2つあるのか",
  "two.why": "作り方も、学習した画像も違うので、一方が見逃したものに、もう一方が気づくことがあります。両方が「問題なし」と判定したものしか、保存されません。その1つ consent-clean は、コンピューターで作った大人の体と、無害な画像だけで学習しました。裸の人の写真は1枚も使わず、出どころはすべて記録してあります。もう1つの open-nsfw は2016年に公開されたモデルで、何で学習したかは公表されていません。",
  "false": "間違えるとき",
  "false.why": "裸の人がいないのに遮断してしまうことがあります（誤遮断）。たとえば、カメラに近づけた手です。それは機械が迷っただけのことで、その人について何かを言うものではなく、誰にも知らせません。逆の間違いが、遮断すべきものの見逃しです。このキットは見逃しを何より避けるように作ってありますが、必ず避けられるモデルはありません。",
  "drop.title": "自分の画像で試す",
  "drop.why": "ここに置くか、選んでください。画像はこのキットにだけ送られ、メモリの中で判定されて、すぐに消えます。保存も転送もされず、ログにも残りません。",
  "drop.choose": "画像を選ぶ",
  "drop.working": "判定しています…",
  "drop.live": "小さくして（常時の確認）",
  "drop.look": "部分ごとに（撮影時の再確認）",
  "drop.failed": "判定できませんでした：{why}",
  "drop.cause.not a picture": "読み取れる画像ではありません",
  "drop.cause.no decoder": "HEIC はまだ読めません。make heif、キットでは systemd/install.sh --heif で読めるようになります",
  "drop.cause.too large": "画素数が多すぎます",
  "drop.cause.animation": "アニメーションが長すぎます",
  "drop.cause.time": "時間がかかりすぎました",
  "drop.cause.size": "ファイルが 16 MiB を超えています",
  "drop.cause.broken": "いまキットは画像を判定できません",
  "drop.cause.busy": "待っている画像が多すぎます。もう一度お試しください",
  "drop.alt": "あなたの画像 {name}",
  "drop.clear": "一覧を消す",
  "unknown": "不明（接続がありません）",
  "sentence": "{text}。",
  "model": "モデル {letter}・{name}",
  "and": "、",
  "bench.kills.why": "強制終了したプロセスは、自動で起動し直します。",
  "killed.now": "{time} に強制終了しました。",
  "killed.page": "{time} に強制終了。{s} 秒後に画面が戻りました。その間もゲートは動き続けています。",
  "killed.back": "{time} に強制終了。{s} 秒後にシャッターがまた使えるようになりました。",
  "timing.few": "{n} 回：平均 {mean} ミリ秒",
  "bench.counts.life": "判定プロセスが最後に起動してから",
  "log.notable": "故障と撮影だけ",
  "field.name": "ファイル",
  "field.frame": "フレーム番号",
  "field.frames": "フレーム数",
  "field.scores": "スコア",
  "field.how": "終わり方",
  "field.restart_s": "起動し直すまでの秒数",
  "field.silent_s": "応答のなかった秒数",
  "field.tried_s": "試した秒数",
  "station.verdict.none": "なし",
  "rule.stopped": "1秒以上フレームが来ていません。判定がなければ、閉じます。",
  "rule.but": "{rule}それでもゲートは閉じたままです（{faults}）。",
  "score.title": "スコアとは",
  "score.why": "モデルが1フレームごとに付ける、0（裸ではない）から1（裸である）までの数です。機械なりの目盛りで、確率ではありません。目盛りはモデルごとに違うので、しきい値もモデルごとに決めてあります。",
  "gate.title": "ゲートとは",
  "gate.why": "ボタンに電流を流すかどうかを決める、小さなプログラムです。電流を流すのは、「問題なし」のフレームが続いている間だけです。遮断したとき、故障したとき、判定が途絶えたときは、すぐに切ります。「問題なし」と判定できなかったフレームはメモリから消し、どこにも保存しません。",
  "look.title": "なぜ再確認するのか",
  "look.why": "ふだんモデルは、速く判定するために、フレームを小さくした写しを見ています。シャッターが押されると、保存されるその画像そのものを、全体と部分に分けて、もう一度見ます。モデルが見た細かさより細かくは保存しません。",
  "card.title": "なぜカードを裸と見なすのか",
  "card.why": "カードには誰も写っていません。この模様だけは遮断するように、モデルに覚えさせてあります。ほかの画像を使わずにキットを見せ、試すためで、ウイルス対策ソフトに無害な試験用ファイルを覚えさせるのと同じです。",
  "whatif.other": "ここで何をしても、もう一方のモデルか、2つを合わせた迷いによって遮断します。理由が1つあれば遮断するからです。",
  "drop.note": "ここにいる全員が見てよい画像だけを使ってください。",
};

export const languages = { en, ja };

let chosen = null;

/** The language in use: the address's (?lang=ja), else the one chosen before, else the browser's. */
export function language() {
  if (chosen === null) {
    const asked = new URLSearchParams(location.search).get("lang");
    const wishes = [asked, remembered("language"), ...navigator.languages.map((tag) => tag.slice(0, 2))];
    chosen = wishes.find((wish) => wish in languages) ?? "en";
  }
  return chosen;
}

/** `parts` as one text: sentences of Japanese follow one another without a space. */
export function join(parts) {
  return parts.filter(Boolean).join(language() === "ja" ? "" : " ");
}

/** A model's name for people: a letter, and its own name behind it. */
export function modelName(name, index) {
  return say("model", { letter: "ABCDEFGH"[index] ?? "", name });
}

/** Take in the kit's clauses, {en: {key: text}, ja: …}. */
export function learn(clauses) {
  for (const [name, own] of Object.entries(clauses)) Object.assign(languages[name], own);
}

/** A clause with the capital that stands on a page. */
export function capital(clause) {
  return clause.charAt(0).toUpperCase() + clause.slice(1);
}

/** A clause as a sentence of its own. */
export function sentence(clause) {
  return say("sentence", { text: capital(clause) });
}

/** Seconds as minutes and seconds, as a camera shows them: 0:04. */
export function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** How long a video is. */
export function lengthWords(seconds) {
  return say("seconds", { n: seconds < 10 ? seconds.toFixed(1) : Math.round(seconds) });
}

/** Faults in words, one after the other. */
export function faultWords(faults) {
  return faults.map((name) => say(`fault.${name}`)).join(say("and"));
}

/** Speak `wish` from now on. */
export function choose(wish) {
  chosen = wish;
  remember("language", wish);
}

// A browser that keeps nothing forgets it with the page.
const keep = (use) => {
  try {
    return use(localStorage);
  } catch {
    return null;
  }
};
export const remember = (name, wish) => keep((store) => store.setItem(name, wish));
export const remembered = (name) => keep((store) => store.getItem(name));
export const forget = (name) => keep((store) => store.removeItem(name));

/** The words for `key`, with {name} filled in from `values`; the key itself where there are none. */
export function say(key, values = {}) {
  const words = languages[language()][key] ?? key;
  return words.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Fill in every element under `root` that names its words: data-words, data-label, data-title. */
export function fill(root = document) {
  document.documentElement.lang = language();
  for (const element of root.querySelectorAll("[data-words]")) {
    element.textContent = say(element.dataset.words);
  }
  for (const element of root.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(element.dataset.label));
  }
  const page = document.body.dataset.page;
  document.title = `${say(`title.${page}`)} · shuttergate`;
}
