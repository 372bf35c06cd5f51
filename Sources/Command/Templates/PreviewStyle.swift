/// The page's own looks. The frame of the mail is white like a mail program's, whatever the page is, until it
/// is told to be dark.
let previewStyle = """
    :root {
      color-scheme: light dark;
      --page: #f4f5f7; --card: #fff; --ink: #1d2129; --soft: #626b78; --line: #dfe3e8;
      --accent: #2563eb; --over: #c62828;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --page: #14171b; --card: #1d2126; --ink: #eceff3; --soft: #9aa4b1; --line: #333a43;
        --accent: #4c86f5; --over: #ef6c6c;
      }
    }
    * { box-sizing: border-box }
    body { margin: 0; background: var(--page); color: var(--ink);
      font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif }
    body > input { position: absolute; opacity: 0; pointer-events: none }
    header { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: 8px 20px; align-items: center;
      padding: 12px 24px; background: var(--card); border-bottom: 1px solid var(--line) }
    h1 { margin: 0; font-size: 16px; font-weight: 650 }
    .choice { display: inline-flex; gap: 2px; padding: 3px; border-radius: 9px; background: var(--page) }
    .choice label { padding: 3px 12px; border-radius: 7px; font-size: 13px; color: var(--soft);
      cursor: pointer; user-select: none }
    #phone:checked ~ header label[for=phone], #dark:checked ~ header label[for=dark] {
      background: var(--accent); color: #fff }
    #phone:focus-visible ~ header label[for=phone], #dark:focus-visible ~ header label[for=dark] {
      outline: 2px solid var(--accent); outline-offset: 2px }
    .badge { padding: 2px 10px; border: 1px solid var(--line); border-radius: 99px; font-size: 12px;
      color: var(--soft) }
    main { max-width: 1500px; margin: 0 auto; padding: 24px }
    .variant { display: none; grid-template-columns: minmax(626px, 1fr) minmax(0, 588px); gap: 20px;
      align-items: start }
    .head, .part:only-of-type, details { grid-column: 1 / -1 }
    .head { padding: 0 2px }
    h2 { margin: 0 0 10px; font-size: 24px; line-height: 1.25; font-weight: 700; overflow-wrap: anywhere }
    dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 2px 14px; margin: 0 0 12px }
    dt { color: var(--soft) }
    dd { margin: 0; overflow-wrap: anywhere }
    ul { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0; padding: 0; list-style: none; font-size: 13px;
      color: var(--soft) }
    .files { margin-top: 12px; gap: 8px }
    .files li { padding: 4px 12px; border: 1px solid var(--line); border-radius: 8px; background: var(--card);
      color: var(--ink) }
    small { font-size: 12px; font-weight: 400; color: var(--soft) }
    .bar { width: 280px; max-width: 100%; height: 5px; margin-top: 8px; border-radius: 9px; overflow: hidden;
      background: var(--line) }
    .bar i { display: block; height: 100%; border-radius: 9px; background: var(--accent) }
    .bar.over i { background: var(--over) }
    .part, details { background: var(--card); border: 1px solid var(--line); border-radius: 12px; overflow: hidden }
    h3, summary { margin: 0; padding: 10px 16px; font-size: 13px; font-weight: 600; color: var(--soft) }
    .stage { border-top: 1px solid var(--line); background: var(--page) }
    iframe { display: block; width: 100%; height: clamp(440px, 74vh, 900px); margin: 0 auto; border: 0;
      background: #fff; color-scheme: light }
    #phone:checked ~ main iframe { width: 375px; max-width: 100% }
    #dark:checked ~ main iframe { background: #121212; color-scheme: dark }
    pre { margin: 0; padding: 14px 12px; border-top: 1px solid var(--line); white-space: pre-wrap;
      overflow-wrap: anywhere;
      font: 12px/1.6 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; tab-size: 8 }
    summary { cursor: pointer }
    @media (max-width: 1080px) {
      .variant { grid-template-columns: minmax(0, 1fr); gap: 14px }
    }
    @media (max-width: 760px) {
      header { padding: 10px 14px; position: static }
      main { padding: 16px 12px }
      h2 { font-size: 20px }
      iframe { height: clamp(380px, 68vh, 700px) }
    }
    """
