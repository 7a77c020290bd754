isoflop_embed(room_report report_page_css src/report/page.css)
